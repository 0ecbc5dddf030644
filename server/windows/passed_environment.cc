#include "passed_environment.h"

#include <algorithm>
#include <string_view>

#include "descriptors.h"
#include "field_syntax.h"
#include "unique_handle.h"
#include "wide.h"

namespace cgi {
namespace {

// Programs do not start, open sockets or find their files without these.  rule: windows/system-variables-reach-scripts
constexpr std::string_view kNeeded[] = {"SystemRoot", "SystemDrive", "windir", "ComSpec",
                                        "PATH",       "PATHEXT",     "TEMP",   "TMP"};

Environment own_environment() {
  Environment own;
  wchar_t* const block = ::GetEnvironmentStringsW();
  for (const wchar_t* at = block; *at != 0;) {
    const std::wstring_view entry = at;
    at += entry.size() + 1;
    const std::size_t equals = entry.find(L'=', 1);  // "=C:=C:\folder" is the current folder of a drive
    if (equals != entry.npos && entry[0] != L'=') {
      own.emplace_back(narrow(entry.substr(0, equals)), narrow(entry.substr(equals + 1)));
    }
  }
  ::FreeEnvironmentStringsW(block);
  return own;
}

// Names have no case on Windows.
std::string upper(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

bool is_named(const Options& options, std::string_view name) {
  return std::ranges::any_of(options.pass_env, [&](const auto& one) { return equals_ignoring_case(one, name); });
}

}  // namespace

Environment passed_environment(const Options& options) {
  Environment passed;
  for (auto& [name, value] : own_environment()) {
    const bool named = is_named(options, name), needed = is_one_of(kNeeded, name);
    const std::string known = upper(name);
    const bool allowed =
        is_request_variable(known) ? named && operator_may_set(known) : named || needed || options.inherit_env;
    if (allowed) passed.emplace_back(equals_ignoring_case(name, "PATH") ? "PATH" : name, std::move(value));
  }
  return passed;
}

std::vector<std::string> names_not_set(const Options& options) {
  std::vector<std::string> names = options.pass_env;
  const Environment own = own_environment();
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::any_of(own, [&](const auto& one) { return equals_ignoring_case(one.first, name); });
  });
  return names;
}

}  // namespace cgi
