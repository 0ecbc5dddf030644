#include "passed_environment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace cgi {
namespace {

// An environment for one test.
class PassedEnvironment : public ::testing::Test {
 protected:
  PassedEnvironment() {
    for (char** entry = environ; *entry != nullptr; ++entry) before_.emplace_back(*entry);
    ::clearenv();
  }
  ~PassedEnvironment() override {
    ::clearenv();
    for (const std::string& entry : before_) {
      const std::size_t at = entry.find('=');
      ::setenv(entry.substr(0, at).c_str(), entry.substr(at + 1).c_str(), 1);
    }
  }
  static void set(const std::string& name, const std::string& value) { ::setenv(name.c_str(), value.c_str(), 1); }
  static std::map<std::string, std::string> passed(const Options& options) {
    const Environment environment = passed_environment(options);
    return {environment.begin(), environment.end()};
  }

 private:
  std::vector<std::string> before_;
};

using Variables = std::map<std::string, std::string>;

// A script would take each of them for a part of the request: a proxy to trust, the length of the body, a user.
const std::vector<std::string> kOfRequests = {
    "AUTH_TYPE",    "CONTENT_LENGTH", "CONTENT_TYPE",    "DOCUMENT_ROOT", "GATEWAY_INTERFACE", "HTTP_AUTHORIZATION",
    "HTTP_HOST",    "HTTP_PROXY",     "HTTPS",           "PATH_INFO",     "PATH_TRANSLATED",   "QUERY_STRING",
    "REDIRECT_URL", "REMOTE_ADDR",    "REMOTE_IDENT",    "REMOTE_USER",   "REQUEST_METHOD",    "SCRIPT_FILENAME",
    "SCRIPT_NAME",  "SERVER_NAME",    "SERVER_PROTOCOL", "REQUEST_URI",
};

TEST_F(PassedEnvironment, HoldsOnlyAPathByDefault) {
  set("PATH", "/opt/bin");
  set("SECRET", "6f1c");
  EXPECT_EQ((Variables{{"PATH", "/usr/local/bin:/usr/bin:/bin"}}), passed({}));
}

TEST_F(PassedEnvironment, HoldsTheNamedVariables) {
  set("PATH", "/opt/bin");
  set("LANG", "C.UTF-8");
  set("SECRET", "6f1c");
  Options options;
  options.pass_env = {"LANG", "PATH", "NOT_SET"};
  EXPECT_EQ((Variables{{"LANG", "C.UTF-8"}, {"PATH", "/opt/bin"}}), passed(options));
}

TEST_F(PassedEnvironment, InheritedHoldsAllButRequestVariables) {
  set("LANG", "C.UTF-8");
  set("PATHS", "no variable of a request");
  set("HTTP", "nor this");
  set("http_proxy", "nor this, which no field can set");
  for (const std::string& name : kOfRequests) set(name, "stale");
  Options options;
  options.inherit_env = true;
  EXPECT_EQ((Variables{{"LANG", "C.UTF-8"},
                       {"PATHS", "no variable of a request"},
                       {"HTTP", "nor this"},
                       {"http_proxy", "nor this, which no field can set"},
                       {"PATH", "/usr/local/bin:/usr/bin:/bin"}}),
            passed(options));
}

TEST_F(PassedEnvironment, HoldsARequestVariableOnlyIfTheOperatorMaySetAndNamesIt) {
  for (const std::string& name : kOfRequests) set(name, "stated");
  Options options;
  options.pass_env = kOfRequests;
  const Variables expected = {{"AUTH_TYPE", "stated"},
                              {"HTTPS", "stated"},
                              {"REMOTE_USER", "stated"},
                              {"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  EXPECT_EQ(expected, passed(options));
  options.inherit_env = true;
  EXPECT_EQ(expected, passed(options));
}

TEST_F(PassedEnvironment, KnowsWhichNamesAreNotSet) {
  set("LANG", "C.UTF-8");
  set("EMPTY", "");
  Options options;
  options.pass_env = {"LNAG", "LANG", "EMPTY", "lang"};
  EXPECT_EQ((std::vector<std::string>{"LNAG", "lang"}), names_not_set(options));
}

}  // namespace
}  // namespace cgi
