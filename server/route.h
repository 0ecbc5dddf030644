// Decides what a request leads to: a script, a file, a listing, a redirect or a refusal.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "document_root.h"
#include "meta_variables.h"
#include "request_head.h"
#include "unique_fd.h"

namespace cgi {

enum class RouteKind { kScript, kFile, kListing, kRedirect, kRefusal };

// The result. `kind` says which members are set.
struct Route {
  RouteKind kind = RouteKind::kRefusal;
  Refusal refusal = {};       // kRefusal
  std::string location = {};  // kRedirect
  ScriptPath script = {};     // kScript
  std::string query = {};     // kScript: still encoded
  std::string path = {};      // kScript, kFile, kListing: "/a/b" below the root
  UniqueFd file = {};         // kScript: a handle, if any; kFile and kListing: open
  struct stat status = {};    // kScript, kFile, kListing: of `file`
};

// Checks in CPython's order: the method (501), the target (400), a script (404, 403), POST elsewhere (501, also for a
// missing file), directories (301, index, listing) and files (404).
// With "/" as a CGI directory each file of the root itself is a script, and 403 if it cannot run, as in CPython.
// Directories and their files are served as without "/".
// With `any_method`, scripts accept every method (RFC 3875 4.3). Files never do.
// rule: base/unsupported-method-is-501, seed/path-alone-decides-cgi, seed/cgi-directory-serves-no-files
// rule: seed/any-suffix-runs-inside-cgi, seed/no-suffix-runs-outside-cgi, seed/scripts-map-like-files
// rule: seed/post-outside-cgi-is-501, seed/post-refusal-message, seed/post-refusal-by-url-alone
// rule: routing/root-holds-scripts, routing/root-leaves-directories, routing/root-lists-directories
Route find_route(const Request& request, const DocumentRoot& root, const std::vector<std::string>& cgi_directories,
                 bool any_method);

}  // namespace cgi
