#include "script_program.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cgi {
namespace {

const std::vector<Interpreter> kNone;

// Returns the words in one line, or "does not run".
std::string run_by(std::string_view name, std::string_view start,
                   const std::vector<Interpreter>& interpreters = kNone) {
  const auto words = words_before_script(name, start, interpreters);
  if (!words) return "does not run";
  std::string line;
  for (const std::string& word : *words) line += "[" + word + "]";
  return line;
}

TEST(ScriptProgram, IsTheScriptItselfIfThatIsAProgram) {
  EXPECT_EQ("", run_by("hello.exe", "MZ\x90"));
  EXPECT_EQ("", run_by("hello", "MZ\x90"));
  EXPECT_EQ("", run_by("hello.cgi", "MZ\x90"));
  EXPECT_EQ("", run_by("hello.py", "MZ\x90"));
  EXPECT_EQ("does not run", run_by("hello.exe", "ZM"));
}

TEST(ScriptProgram, IsPythonBySuffix) {
  for (const char* name : {"a.py", "a.PY", "a.pyw", "a.b.pyW"})
    EXPECT_EQ("[python][-u]", run_by(name, "print()")) << name;
  EXPECT_EQ("does not run", run_by("a.pyc", "print()"));
}

TEST(ScriptProgram, IsTheInterpreterOfTheSuffix) {
  const std::vector<Interpreter> interpreters = {{".pl", "C:\\perl\\bin\\perl.exe"}, {".py", "C:\\py\\python.exe"}};
  EXPECT_EQ("[C:\\perl\\bin\\perl.exe]", run_by("a.pl", "print", interpreters));
  EXPECT_EQ("[C:\\perl\\bin\\perl.exe]", run_by("a.PL", "#!/usr/bin/ruby", interpreters));
  EXPECT_EQ("[C:\\py\\python.exe]", run_by("a.py", "print()", interpreters));
  EXPECT_EQ("does not run", run_by("pl", "print", interpreters));
}

TEST(ScriptProgram, IsNamedByTheFirstLine) {
  EXPECT_EQ("[perl]", run_by("a", "#!/usr/bin/perl\nprint"));
  EXPECT_EQ("[perl][-T][-w]", run_by("a.cgi", "#! /usr/bin/perl -T \t-w\r\nprint"));
  EXPECT_EQ("[perl][-T]", run_by("a", "#!/usr/bin/env perl -T\n"));
  EXPECT_EQ("[lua]", run_by("a", "#!C:\\lua\\lua.EXE"));
  EXPECT_EQ("[python]", run_by("a", "#!/usr/bin/env python3.11\n"));
}

TEST(ScriptProgram, IsMissing) {
  for (const char* start :
       {"", "text", "#", "#!", "#!\nperl", "#! \t\n", "#!/usr/bin/env\n", "#!/usr/bin/\n", " #!/bin/sh"}) {
    EXPECT_EQ("does not run", run_by("a", start)) << start;
  }
}

TEST(ScriptProgram, IsNeverTheCommandInterpreter) {
  const std::vector<Interpreter> interpreters = {{".bat", "C:\\x.exe"}};
  for (const char* program : {"C:\\x.bat", "x.CMD", "C:\\windows\\system32\\cmd.exe", "PowerShell"}) {
    const std::vector<Interpreter> shell = {{".pl", program}};
    EXPECT_EQ("does not run", run_by("a.pl", "print", shell)) << program;
  }
  for (const char* name : {"a.bat", "a.CMD", "a.b.Bat", ".cmd"}) {
    EXPECT_EQ("does not run", run_by(name, "MZ", interpreters)) << name;
  }
  for (const char* start : {"#!cmd", "#!C:\\windows\\system32\\CMD.EXE /c\n", "#!/usr/bin/env cmd.exe", "#!/x/tool.CMD",
                            "#!/usr/bin/env tool.bat", "#!powershell", "#!PowerShell.exe -File\n"}) {
    EXPECT_EQ("does not run", run_by("a", start)) << start;
  }
}

}  // namespace
}  // namespace cgi
