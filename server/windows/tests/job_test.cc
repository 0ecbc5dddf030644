#include "job.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "script_program.h"
#include "wide.h"

namespace cgi {
namespace {

using namespace std::string_literals;

constexpr DWORD kPatience = 20'000;  // milliseconds, for what takes a moment

// Returns the path of a file beside the tests.
std::string beside(const std::string& name) {
  std::array<wchar_t, 4096> path{};
  ::GetModuleFileNameW(nullptr, path.data(), path.size());
  const std::string own = narrow(path.data());
  return own.substr(0, own.find_last_of("\\/") + 1) + name;
}

JobCommand child(std::vector<std::string> words) {
  JobCommand command;
  command.program = beside("child.exe");
  words.insert(words.begin(), "child");
  command.line = *quoted_arguments(words);
  command.directory = beside("");
  command.environment = {"SystemRoot="s + std::getenv("SystemRoot")};
  return command;
}

// Writes `input`, and returns all that the other end of `from` gets.
std::string exchanged(Job& job, const std::unique_ptr<PipeEnd>& from, std::string_view input = "") {
  std::string all;
  bool input_ends = !job.input();
  for (;;) {
    if (!input.empty()) {
      if (const int count = job.input()->write(input); count > 0) input.remove_prefix(static_cast<std::size_t>(count));
    } else if (!input_ends && !job.input()->is_writing()) {
      job.input().reset();
      input_ends = true;
    }
    std::string_view octets;
    const int count = from->read(octets, 1000);
    if (count == kPipeBroken) return all;
    if (count > 0) all += octets;
    const std::array<HANDLE, 2> events = {from->event(), input_ends ? nullptr : job.input()->event()};
    if (count == kPipeWaits &&
        ::WaitForMultipleObjects(input_ends ? 1 : 2, events.data(), FALSE, kPatience) == WAIT_TIMEOUT) {
      return all + " (and then nothing for a long time)";
    }
  }
}

TEST(Job, StartsAProcessWithItsArguments) {
  Job job;
  const std::vector<std::string> words = {"arguments",  "a b",         "",       "\"",   "\\",
                                          "a\\\"b c\\", "caf\xc3\xa9", "%PATH%", "a\tb", "\xef\xbc\x82"};
  ASSERT_EQ(0u, job.start(child(words)));
  std::string expected;
  for (std::size_t i = 1; i < words.size(); ++i) expected += "[" + words[i] + "]";
  EXPECT_EQ(expected, exchanged(job, job.output()));
}

TEST(Job, HasTheGivenEnvironmentOnly) {
  Job job;
  JobCommand command = child({"environment"});
  command.environment.insert(command.environment.end(),
                             {"QUERY_STRING=a=b&c", "CAF\xc3\x89=\xc3\xa9", "EMPTY=", "BAD=a\xff"});
  ASSERT_EQ(0u, job.start(command));
  const std::string text = "\n" + exchanged(job, job.output());
  for (const char* line :
       {"\nQUERY_STRING=a=b&c\n", "\nCAF\xc3\x89=\xc3\xa9\n", "\nEMPTY=\n", "\nBAD=a\xef\xbf\xbd\n"}) {
    EXPECT_NE(text.npos, text.find(line)) << text;
  }
  EXPECT_EQ(text.npos, text.find("\nPATHEXT="));
}

TEST(Job, MovesOctetsUnchanged) {
  std::string octets;
  for (int i = 0; i < 1'000'000; ++i) octets += static_cast<char>(i * 7 + i / 251);
  Job job;
  ASSERT_EQ(0u, job.start(child({"cat"})));
  EXPECT_TRUE(octets == exchanged(job, job.output(), octets));
  EXPECT_EQ(WAIT_OBJECT_0, ::WaitForSingleObject(job.process(), kPatience));
  EXPECT_EQ(0u, job.exit_status());
}

TEST(Job, ReadsStandardErrorApart) {
  Job job;
  ASSERT_EQ(0u, job.start(child({"errors"})));
  EXPECT_EQ("to standard error", exchanged(job, job.errors()));
  EXPECT_EQ("", exchanged(job, job.output()));
}

TEST(Job, TellsTheExitStatus) {
  Job job;
  ASSERT_EQ(0u, job.start(child({"exit", "3"})));
  ASSERT_EQ(WAIT_OBJECT_0, ::WaitForSingleObject(job.process(), kPatience));
  EXPECT_EQ(3u, job.exit_status());
}

TEST(Job, InheritsThreeHandles) {
  SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
  const UniqueHandle file = owned(::CreateFileW(wide(beside("child.exe"))->c_str(), GENERIC_READ, FILE_SHARE_READ,
                                                &inherited, OPEN_EXISTING, 0, nullptr));
  ASSERT_TRUE(file);
  Job job;
  ASSERT_EQ(0u, job.start(child({"handles"})));
  EXPECT_EQ("3", exchanged(job, job.output()));
}

TEST(Job, EndsWithAllThatItStarted) {
  Job job;
  ASSERT_EQ(0u, job.start(child({"start-another"})));
  const std::string pid = exchanged(job, job.output());
  const UniqueHandle other(::OpenProcess(SYNCHRONIZE, FALSE, std::stoul("0" + pid)));
  ASSERT_TRUE(other) << pid;
  EXPECT_EQ(static_cast<DWORD>(WAIT_TIMEOUT), ::WaitForSingleObject(other.get(), 0));
  job.end();
  EXPECT_EQ(WAIT_OBJECT_0, ::WaitForSingleObject(other.get(), kPatience));
}

TEST(Job, EndsWithItsObject) {
  UniqueHandle process;
  {
    Job job;
    ASSERT_EQ(0u, job.start(child({"wait"})));
    process.reset(::OpenProcess(SYNCHRONIZE, FALSE, ::GetProcessId(job.process())));
    ASSERT_TRUE(process);
  }
  EXPECT_EQ(WAIT_OBJECT_0, ::WaitForSingleObject(process.get(), kPatience));
}

TEST(Job, SaysWhyAProgramDoesNotStart) {
  Job job;
  JobCommand command = child({});
  command.program = beside("nothing.exe");
  EXPECT_EQ(static_cast<DWORD>(ERROR_FILE_NOT_FOUND), job.start(command));
  command.program = "caf\xe9.exe";
  EXPECT_EQ(static_cast<DWORD>(ERROR_INVALID_NAME), job.start(command));
  command = child({std::string(40'000, 'a')});
  EXPECT_EQ(static_cast<DWORD>(ERROR_FILENAME_EXCED_RANGE), job.start(command));
}

TEST(ProgramOnPath, IsInADirectoryOfPath) {
  EXPECT_EQ(beside("child.exe"), program_on_path("child", "C:\\nowhere;" + beside("")));
  EXPECT_EQ("", program_on_path("child", "C:\\nowhere"));
  EXPECT_EQ("", program_on_path("child", ""));
}

}  // namespace
}  // namespace cgi
