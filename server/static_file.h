// A plain file or a directory as a response.
#pragma once

#include <ctime>
#include <optional>
#include <string>

#include "connection.h"
#include "document_root.h"
#include "mime_types.h"
#include "request_head.h"
#include "route.h"

namespace cgi {

// The client's copy is as new as the file: If-Modified-Since names a time in UTC not before `modified`, and
// there is no If-None-Match, which would take precedence and which CPython does not judge.
// rule: base/if-modified-since-is-304
bool is_not_modified(const Request& request, std::time_t modified);

// Adds Content-type, Content-Length and Last-Modified, as CPython spells and orders them.
// rule: base/file-has-type-length-time-and-bytes
void add_file_fields(std::string& head, const Route& file, const MimeTypes& types);

// Sends `head` (its empty line included) and the file after it, in one piece while it is small.
bool send_file_response(Connection& client, std::string head, const Route& file);

// The page for the directory that `listing` names, or nothing if it cannot be read.
// rule: base/directory-without-index-is-listed, base/unreadable-directory-is-404
std::optional<std::string> directory_page(const Request& request, const Route& listing, const DocumentRoot& root);

}  // namespace cgi
