#include "route.h"

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "quote.h"
#include "url_path.h"

namespace cgi {
namespace {

Route refuse(int status, std::string reason) { return {RouteKind::kRefusal, {status, std::move(reason)}}; }

// Returns the path of the first `count` segments; the root is "".
std::string joined(const std::vector<std::string>& segments, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) path.append("/").append(file_name(segments[i]));
  return path;
}

// Opens a file or a directory. Does not open a FIFO or a device: that alone can do something.
// rule: resource/fifo-is-never-opened, base/fifo-never-blocks
UniqueFd open_for_reading(const DocumentRoot& root, const std::string& path) {
  const auto status = root.status(path);
  if (status && !S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode)) {
    UniqueFd handle;
    struct stat inside = {};
    if (root.identify(path, handle, inside)) errno = ENXIO;  // else EXDEV: no client learns what is outside
    return UniqueFd();
  }
  return root.open_for_reading(path);
}

// Splits the path behind the first name that is no directory: that is the script, the rest is path-info. Path-info
// names no file of the server, so the script gets its octets as sent, with surrogates.
// rule: seed/scripts-at-any-depth, cgi/leading-path-selects-script, cgi/script-uri-selects-same-script  (RFC 3875 3.2)
Route find_script(const TargetPath& target, std::size_t directories, const DocumentRoot& root) {
  const auto& segments = target.segments;
  std::size_t at = directories;
  auto slash_follows = [&] { return at + 1 < segments.size() || (at + 1 == segments.size() && target.is_directory); };
  while (slash_follows() && root.is_directory(joined(segments, at + 1))) ++at;

  Route route{RouteKind::kScript};
  route.query = target.query;
  ScriptPath& script = route.script;
  if (at == segments.size()) {  // rule: disclosure/cgi-directory-listing
    script.script_name = joined(segments, at) + "/";
  } else {
    script.script_name = joined(segments, at + 1);
    // rule: cgi/variables-are-byte-strings
    for (std::size_t i = at + 1; i < segments.size(); ++i) script.path_info.append("/").append(segments[i]);
    if (target.is_directory) script.path_info += '/';
  }
  route.path = script.script_name;

  const auto refuse_script = [&](int status, const char* reason) {  // rule: injection/root-path-is-never-told
    return refuse(status, std::string(reason) + " (" + python_repr(script.script_name) + ")");
  };
  if (!root.identify(route.path, route.file, route.status)) {
    if (errno == EXDEV) return refuse_script(403, "CGI script is outside the document root");
    return refuse_script(404, "No such CGI script");
  }
  if (!S_ISREG(route.status.st_mode)) return refuse_script(403, "CGI script is not a plain file");
  // The kernel decides later whether the script's user can execute it: script.h.
  return route;
}

// Returns whether the target leads to a file of the root itself, or to path-info after one.
// rule: routing/root-holds-scripts, routing/root-leaves-directories
bool leads_to_file_of_root(const TargetPath& target, const DocumentRoot& root) {
  return !target.segments.empty() && !root.is_directory(joined(target.segments, 1));
}

// Returns whether a name leads to an index that could not be opened, with the reason in errno. Such an index does not
// turn into a listing, which would show its neighbours.  rule: disclosure/unreadable-index
bool is_index_kept_back(const Route& directory, const std::string& path, const DocumentRoot& root) {
  if (errno == EXDEV) return true;  // whether there is such a file or not
  if (errno != EACCES) return false;
  if (root.status(path)) return true;
  // Else it is a link: one that leads nowhere, or one that the server cannot follow. In a directory that the server may
  // not search, nothing can be known.
  return errno == EACCES && root.status(directory.path + "/.");
}

// Finds the index file of a directory, or its listing. If the root holds scripts, an executable index file is a script,
// and is not shown.  rule: base/directory-serves-its-index, base/directory-without-index-is-listed
Route find_index(Route directory, const DocumentRoot& root, bool root_holds_scripts) {
  for (const char* name : {"index.html", "index.htm"}) {
    Route index{RouteKind::kFile};
    index.path = directory.path + (directory.path.back() == '/' ? "" : "/") + name;
    index.file = open_for_reading(root, index.path);
    if (!index.file && is_index_kept_back(directory, index.path, root)) return refuse(404, "File not found");
    if (!index.file || ::fstat(index.file.get(), &index.status) != 0 || !S_ISREG(index.status.st_mode)) continue;
    if (root_holds_scripts && directory.path == "/" && (index.status.st_mode & 0111) != 0) continue;
    return index;
  }
  directory.kind = RouteKind::kListing;
  return directory;
}

// Finds a file, the index or listing of a directory, or the redirect to the directory's URL with a slash.
// rule: base/missing-file-is-404, base/file-with-slash-is-404, base/directory-without-slash-is-301
Route find_file(const TargetPath& target, const DocumentRoot& root, bool root_holds_scripts) {
  Route route{RouteKind::kFile};
  route.path = target.segments.empty() ? "/" : joined(target.segments, target.segments.size());
  route.file = open_for_reading(root, route.path);
  // The server may search this directory, but not read it. It may have an index file.
  if (!route.file && errno == EACCES) route.file = root.open_directory(route.path);
  if (!route.file || ::fstat(route.file.get(), &route.status) != 0) return refuse(404, "File not found");

  const bool slash = target.raw_path.ends_with('/');  // "?a=b" has none
  if (S_ISDIR(route.status.st_mode)) {
    if (slash) return find_index(std::move(route), root, root_holds_scripts);
    return {RouteKind::kRedirect, {}, slash_redirect(target)};
  }
  if (slash || !S_ISREG(route.status.st_mode)) return refuse(404, "File not found");
  return route;
}

}  // namespace

Route find_route(const Request& request, const DocumentRoot& root, const std::vector<std::string>& cgi_directories,
                 bool any_method) try {
  // rule: seed/get-runs-script, seed/head-runs-script, seed/post-runs-script, http/get-and-head-are-supported
  const bool post = request.method == "POST";  // rule: base/methods-are-case-sensitive
  const bool known = post || request.method == "GET" || request.method == "HEAD";
  // rule: http/unknown-method-is-501, http/long-method-is-501, http/trace-reveals-no-credentials
  const auto unsupported = [&] { return refuse(501, "Unsupported method (" + python_repr(request.method) + ")"); };
  if (!known && !any_method) return unsupported();  // rule: cgi/methods-may-be-refused

  std::optional<TargetPath> target = parse_target(request.target);  // rule: traversal/host-field
  if (!target) return refuse(400, "Bad request target (" + python_repr(request.target) + ")");
  // The path in the request decides, not where links lead.  rule: disclosure/symlink-outside-cgi-is-a-file
  const auto directories = root.cgi_directory_of(*target, cgi_directories);
  // A file in a CGI directory never becomes a file response.
  // rule: seed/script-output-is-the-response, disclosure/backup-files, disclosure/conditions-ranges-head-and-post
  if (directories && (*directories > 0 || leads_to_file_of_root(*target, root))) {
    return find_script(*target, *directories, root);
  }
  if (!known) return unsupported();
  if (post) return refuse(501, "Can only POST to CGI scripts");  // rule: seed/post-outside-cgi-is-refused
  return find_file(*target, root, directories.has_value());
} catch (const std::system_error& failure) {
  return refuse(503, "Out of resources (" + failure.code().message() + ")");
}

}  // namespace cgi
