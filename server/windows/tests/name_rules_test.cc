#include "name_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace cgi {
namespace {

using namespace std::string_literals;

TEST(NameRules, AcceptNamesOfOneFile) {
  for (const char* name : {"a", "index.html", "hello world.txt", ".htaccess", "...a", "a..b", "caf\xc3\xa9", "a'b",
                           "%5c", "~", "PROGRA~1", "a#b", "\x7f"}) {
    EXPECT_TRUE(is_windows_file_name(name)) << name;
  }
}

TEST(NameRules, RefuseAnEmptyName) { EXPECT_FALSE(is_windows_file_name("")); }

TEST(NameRules, RefuseDrivesAndStreams) {
  for (const char* name : {"X:", "c:windows", "hi.py::$DATA", "hi.py:stream", "cgi-bin::$INDEX_ALLOCATION", ":"}) {
    EXPECT_FALSE(is_windows_file_name(name)) << name;
  }
}

TEST(NameRules, RefuseOtherSeparators) {
  for (const char* name : {"a\\b", "\\", "\\\\host\\share", "..\\x", "a/b", "\\\\?\\C:"}) {
    EXPECT_FALSE(is_windows_file_name(name)) << name;
  }
}

TEST(NameRules, RefuseTheEndsThatWindowsDrops) {
  for (const char* name : {"hi.py.", "hi.py ", "cgi-bin.", ".. ", ". .", ".", "..", "... ", " "}) {
    EXPECT_FALSE(is_windows_file_name(name)) << '"' << name << '"';
  }
}

TEST(NameRules, RefusePatternsAndControls) {
  for (const std::string& name : {"a*"s, "?"s, "a<b"s, "a>b"s, "a\"b"s, "a|b"s, "a\0b"s, "\x01"s, "a\x1f"s, "a\nb"s}) {
    EXPECT_FALSE(is_windows_file_name(name)) << name;
  }
}

TEST(NameRules, RefuseDevices) {
  for (const char* name : {"CON", "con", "Prn", "AUX", "nul", "NUL.txt", "nul.tar.gz", "nul .txt", "COM1", "com9.log",
                           "LPT1", "lpt9", "COM\xc2\xb9", "lpt\xc2\xb2.txt", "com\xc2\xb3", "CONIN$", "conout$"}) {
    EXPECT_FALSE(is_windows_file_name(name)) << name;
  }
}

TEST(NameRules, AcceptNamesThatOnlyResembleDevices) {
  for (const char* name : {"console", "CON1", "com", "COM0", "com10", "COMa", "lpt", "nul_", "a.nul", "auxiliary",
                           "com\xc2\xb4", "conin", ".con"}) {
    EXPECT_TRUE(is_windows_file_name(name)) << name;
  }
}

TEST(FileNamesForScripts, HaveBackslashes) {
  EXPECT_EQ("PATH_TRANSLATED=C:\\site\\a b\\c", with_file_name("PATH_TRANSLATED=C:\\site/a b/c"));
  EXPECT_EQ("SCRIPT_FILENAME=C:\\site\\cgi-bin\\x", with_file_name("SCRIPT_FILENAME=C:\\site/cgi-bin/x"));
  for (const char* variable :
       {"PATH_INFO=/a/b", "SCRIPT_NAME=/cgi-bin/x", "HTTP_REFERER=http://h/", "PATH_TRANSLATED="}) {
    EXPECT_EQ(variable, with_file_name(variable));
  }
}

}  // namespace
}  // namespace cgi
