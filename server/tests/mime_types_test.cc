#include "mime_types.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

namespace cgi {
namespace {

constexpr char kUnknown[] = "application/octet-stream";

TEST(MimeType, DependsOnTheSuffix) {
  const std::map<std::string, std::string> types = {
      {"f.html", "text/html"},        {"f.htm", "text/html"},
      {"f.txt", "text/plain"},        {"f.css", "text/css"},
      {"f.js", "text/javascript"},    {"f.mjs", "text/javascript"},
      {"f.json", "application/json"}, {"f.png", "image/png"},
      {"f.jpg", "image/jpeg"},        {"f.jpeg", "image/jpeg"},
      {"f.svg", "image/svg+xml"},     {"f.ico", "image/vnd.microsoft.icon"},
      {"f.pdf", "application/pdf"},   {"f.xml", "text/xml"},
      {"f.py", "text/x-python"},      {"f.c", "text/plain"},
      {"f.sh", "application/x-sh"},   {"f.tar", "application/x-tar"},
      {"f.zip", "application/zip"},   {"f.webp", "image/webp"},
      {"f.wasm", "application/wasm"}, {"f.md", "text/markdown"},
      {"f.csv", "text/csv"},          {"f.mp4", "video/mp4"},
      {"f.woff", kUnknown},           {"f.bin", kUnknown},
      {"f.nothing", kUnknown},        {"f.cgi", kUnknown},
      {"a.b.html", "text/html"},      {"d.txt/f.html", "text/html"},
  };
  const MimeTypes known;
  for (const auto& [name, type] : types) EXPECT_EQ(type, known.type_of(name)) << name;
}

TEST(MimeType, OfACompressedFileIsThatOfItsCompression) {
  const std::map<std::string, std::string> types = {
      {"f.gz", "application/gzip"},
      {"f.tar.gz", "application/gzip"},
      {"f.html.gz", "application/gzip"},
      {"f.bz2", "application/x-bzip2"},
      {"f.tar.bz2", "application/x-bzip2"},
      {"f.xz", "application/x-xz"},
      {"f.GZ", "application/gzip"},
      {"f.Xz", "application/x-xz"},
      {"f.Z", kUnknown},
      {"f.z", kUnknown},
  };
  const MimeTypes known;
  for (const auto& [name, type] : types) EXPECT_EQ(type, known.type_of(name)) << name;
}

TEST(MimeType, OfAShortDoubleSuffixIsThatOfItsContent) {
  const std::map<std::string, std::string> types = {
      {"f.tgz", "application/x-tar"},  {"f.TGZ", "application/x-tar"},
      {"f.taz", "application/x-tar"},  {"f.tz", "application/x-tar"},
      {"f.tbz2", "application/x-tar"}, {"f.txz", "application/x-tar"},
      {"f.svgz", "image/svg+xml"},     {"f.html.br", "text/html"},
      {"f.HTML.br", "text/html"},      {"f.br", kUnknown},
      {"f.html.BR", kUnknown},         {"f.tgz.br", kUnknown},
  };
  const MimeTypes known;
  for (const auto& [name, type] : types) EXPECT_EQ(type, known.type_of(name)) << name;
}

// The file has a suffix and a type in each line, as record_mime_types.py printed them.
TEST(MimeType, EqualsPython313sForEverySuffix) {
  std::ifstream recording(TESTS "/mime_types_3.13.txt");
  std::string line;
  ASSERT_TRUE(std::getline(recording, line));
  ASSERT_TRUE(line.starts_with("# CPython 3.13.")) << line;
  const std::set<std::string> beside = {".gz",  ".Z",   ".bz2", ".xz",   ".br", ".svgz",
                                        ".tgz", ".taz", ".tz",  ".tbz2", ".txz"};
  const MimeTypes known;
  std::size_t rows = 0;
  for (std::string suffix, type; recording >> suffix >> type;) {
    EXPECT_EQ(type, known.type_of("file" + suffix)) << suffix;
    if (beside.count(suffix) == 0) ++rows;
  }
  EXPECT_EQ(rows, known.size());  // the table has no suffix that Python does not know
}

TEST(MimeType, DoesNotDependOnTheCaseOfTheSuffix) {
  EXPECT_EQ("text/html", MimeTypes().type_of("f.HTML"));
  EXPECT_EQ("image/jpeg", MimeTypes().type_of("F.JpG"));
}

TEST(MimeType, NeedsANameBeforeTheSuffix) {
  const MimeTypes known;
  for (const std::string name : {"", "noext", ".html", ".bashrc", "d/.html", "..html", "...html", "f.", "f.html/g",
                                 "f.html/", "Makefile", "/", "."}) {
    EXPECT_EQ(kUnknown, known.type_of(name)) << name;
  }
  EXPECT_EQ("text/html", known.type_of(".a.html"));
  EXPECT_EQ("text/html", known.type_of("..a.html"));
}

TEST(MimeTypesFile, AddsAndReplacesTypes) {
  MimeTypes types;
  types.add(
      "# comment x\n\ntext/x-new\tnew  newer # not this\napplication/xml xml\r\nno/suffix\n"
      "text/x-upper UP\n   text/x-late late");
  const std::map<std::string, std::string> expected = {
      {"f.new", "text/x-new"},   {"f.newer", "text/x-new"}, {"f.NEW", "text/x-new"},
      {"f.not", kUnknown},       {"f.x", kUnknown},         {"f.xml", "application/xml"},
      {"f.late", "text/x-late"}, {"f.html", "text/html"},   {"f.UP", kUnknown},
  };
  for (const auto& [name, type] : expected) EXPECT_EQ(type, types.type_of(name)) << name;
}

}  // namespace
}  // namespace cgi
