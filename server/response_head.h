// The first lines of a response. Pure.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace cgi {

// Returns the lines that begin every response: "PROTOCOL STATUS REASON", Server and Date, each with CR LF. No empty
// line follows. In profile cgihttpserver the script's output goes on from here.
// rule: base/status-line-has-server-version, base/server-and-date-once
// rule: base/response-lines-end-in-crlf, http/status-line-has-space-after-code, http/response-has-highest-version
std::string response_head(std::string_view protocol, int status, std::string_view reason, std::time_t now);

// Returns "Server: …" and "Date: …", each with CR LF. The thread may use the text until its next call.
std::string_view server_fields(std::time_t now);

// Appends "NAME: VALUE" and CR LF.
void add_field(std::string& head, std::string_view name, std::string_view value);

}  // namespace cgi
