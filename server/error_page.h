// The page that goes with a refusal, in CPython 3.13's words.
#pragma once

#include <string>
#include <string_view>

namespace cgi {

inline constexpr std::string_view kErrorContentType = "text/html;charset=utf-8";

// HTML with code, message and explanation; `reason` is escaped here.
// rule: base/errors-are-html-pages, base/error-page-escapes-html
std::string error_page(int status, std::string_view reason);

// The standard reason phrase ("Not Found"), and the sentence that explains a status ("Nothing matches the
// given URI"); the status as text, or "???" where CPython knows none.
std::string_view standard_reason(int status);
std::string_view explanation(int status);

}  // namespace cgi
