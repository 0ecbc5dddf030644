// The responses for files and directories.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <memory>
#include <optional>
#include <string>

#include "document_root.h"
#include "file_cache.h"
#include "mime_types.h"
#include "request_head.h"
#include "route.h"

namespace cgi {

// Returns whether the client's copy is as new as the file: If-Modified-Since is not before `modified`. A request with
// If-None-Match gets the file: that field would decide instead, and CPython does not support it.
// rule: base/if-modified-since-is-304, http/unchanged-file-is-304
bool is_not_modified(const Request& request, std::time_t modified);

// Returns whether a content of so many octets must not be held in memory.
bool is_large(off_t length);

// Reads the file of a route, without the content if that is large. Returns nothing if the file cannot be read.
// rule: base/file-has-type-length-time-and-bytes, base/empty-file-has-length-0, http/content-has-a-type
// rule: argument/server-side-includes-run-no-shell
std::shared_ptr<const StoredFile> read_file(const Route& route, const MimeTypes& types);

// Returns the page of a directory, or nothing if the server cannot read the directory.
// rule: base/directory-without-index-is-listed, base/unreadable-directory-is-404
std::optional<std::string> directory_page(const Request& request, const Route& listing, const DocumentRoot& root);

}  // namespace cgi
