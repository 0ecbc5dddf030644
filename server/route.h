// What a request leads to: a script, a file, a listing, a redirect or a refusal. One decision, in one place.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "document_root.h"
#include "meta_variables.h"
#include "refusal.h"
#include "request_head.h"
#include "unique_fd.h"

namespace cgi {

enum class RouteKind { kScript, kFile, kListing, kRedirect, kRefusal };

// Where a request leads. Which members are set depends on `kind`.
struct Route {
  RouteKind kind = RouteKind::kRefusal;
  Refusal refusal;          // kRefusal
  std::string location;     // kRedirect
  ScriptPath script;        // kScript
  std::string query;        // kScript: still encoded
  std::string path;         // kScript, kFile, kListing: "/a/b" below the root
  UniqueFd file;            // kScript (O_PATH), kFile and kListing (open for reading)
  struct stat status = {};  // kScript, kFile, kListing: of `file`
};

// Decides, in CPython's order: the method (501), the target (400), a script (404, 403), POST elsewhere (501,
// also for what is not there), directories (301, index, listing) and files (404).
// With "/" as a CGI directory every file of the root itself is a script, and 403 if it cannot run, as in CPython. A
// directory and what lies in it are not: they are served as without "/".
// `any_method`: a script takes whatever method comes (RFC 3875 4.3), only files are choosy.
// rule: base/unsupported-method-is-501, seed/path-alone-decides-cgi, seed/cgi-directory-serves-no-files
// rule: seed/any-suffix-runs-inside-cgi, seed/no-suffix-runs-outside-cgi, seed/scripts-map-like-files
// rule: seed/post-outside-cgi-is-501, seed/post-refusal-message, seed/post-refusal-by-url-alone
// rule: routing/root-holds-scripts, routing/root-leaves-directories
Route find_route(const Request& request, const DocumentRoot& root, const std::vector<std::string>& cgi_directories,
                 bool any_method);

}  // namespace cgi
