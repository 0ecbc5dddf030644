// The responses for files and directories.
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

// Returns whether the client's copy is as new as the file: If-Modified-Since is not before `modified`. A request with
// If-None-Match gets the file: that field would decide instead, and CPython does not support it.
// rule: base/if-modified-since-is-304, http/unchanged-file-is-304
bool is_not_modified(const Request& request, std::time_t modified);

// Adds Content-type, Content-Length and Last-Modified, with CPython's spelling and order.
// rule: base/file-has-type-length-time-and-bytes, base/empty-file-has-length-0, http/content-has-a-type
void add_file_fields(std::string& head, const Route& file, const MimeTypes& types);

// Sends the complete `head` and then the file. A small file goes out together with the head.
// rule: argument/server-side-includes-run-no-shell
bool send_file_response(Connection& client, std::string head, const Route& file);

// Returns the page of a directory, or nothing if the server cannot read the directory.
// rule: base/directory-without-index-is-listed, base/unreadable-directory-is-404
std::optional<std::string> directory_page(const Request& request, const Route& listing, const DocumentRoot& root);

}  // namespace cgi
