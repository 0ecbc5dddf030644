// The error page, in the words of CPython 3.13.
#pragma once

#include <string>
#include <string_view>

namespace cgi {

inline constexpr std::string_view kErrorContentType = "text/html;charset=utf-8";

// Returns the page with code, message and explanation. Escapes `reason`.
// rule: base/errors-are-html-pages, base/error-page-escapes-html, injection/html-in-error-page
std::string error_page(int status, std::string_view reason);

// Return the reason phrase of a status ("Not Found") and the sentence that explains it ("Nothing matches the given
// URI"); "???" for a status that CPython does not know.
std::string_view standard_reason(int status);
std::string_view explanation(int status);

}  // namespace cgi
