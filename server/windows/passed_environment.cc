#include "passed_environment.h"

#include <algorithm>
#include <cwchar>
#include <string_view>

#include "at_end.h"
#include "field_syntax.h"
#include "unique_handle.h"
#include "wide.h"

namespace cgi {
namespace {

// Programs do not start, open sockets or find their files without these.  rule: windows/system-variables-reach-scripts
constexpr std::string_view kNeeded[] = {"SystemRoot", "SystemDrive", "windir", "ComSpec",
                                        "PATH",       "PATHEXT",     "TEMP",   "TMP"};

}  // namespace

Environment passed_environment(const Options& options) {
  Environment passed;
  wchar_t* const block = ::GetEnvironmentStringsW();
  const AtEnd at_end([block] { ::FreeEnvironmentStringsW(block); });
  for (const wchar_t* at = block; *at != 0; at += std::wcslen(at) + 1) {
    const std::string variable = narrow(at);
    const std::size_t equals = variable.find('=');
    if (equals == 0 || equals == variable.npos) continue;  // "=C:=C:\folder" is the current folder of a drive
    const std::string name = variable.substr(0, equals);
    std::string upper = name;  // names have no case on Windows
    for (char& c : upper) c = is_letter(c) ? static_cast<char>(c & ~0x20) : c;
    const bool named =
        std::ranges::any_of(options.pass_env, [&](const std::string& one) { return equals_ignoring_case(one, name); });
    const bool allowed = is_request_variable(upper) ? named && operator_may_set(upper)
                                                    : named || options.inherit_env || is_one_of(kNeeded, name);
    if (allowed) passed.emplace_back(upper == "PATH" ? upper : name, variable.substr(equals + 1));
  }
  return passed;
}

std::vector<std::string> names_not_set(const Options& options) {
  std::vector<std::string> names = options.pass_env;
  std::erase_if(names, [](const std::string& name) {
    return ::GetEnvironmentVariableW(wide_enough(name).c_str(), nullptr, 0) > 0;
  });
  return names;
}

}  // namespace cgi
