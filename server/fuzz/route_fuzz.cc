// Decides where a request leads, in a small document root. The server must open no file outside the root, and no script
// as a file. The first octet of the data chooses the method and the CGI directories; the others are the target.

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "../tests/scratch_directory.h"
#include "require.h"
#include "route.h"
#include "url_path.h"

namespace {

using cgi::require;

using FileId = std::pair<dev_t, ino_t>;

FileId id_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

// The document root. A file that the server may send is `shown`, a directory that it may list is `listed`, and a
// file that it may execute is in `scripts`. The files of the root are shown, or executed if "/" is a CGI directory.
class Site {
 public:
  Site() {
    site_.write("secret", "secret", 0755);
    site_.write("root-beside/secret", "secret", 0755);
    add(of_root, "tool", 0755);
    add(of_root, "oct\xe7", 0644);
    for (const char* name :
         {"dir/index.html", "list/file", "list/\xed\xb3\xa7", "cgi-bins/file", "list/cgi-bin/file"}) {
      add(shown, name, 0644);
    }
    for (const char* name : {"cgi-bin/script", "cgi-bin/sub/script", "cgi-bin/notes.txt", "htbin/script"}) {
      add(scripts, name, 0755);
    }
    for (const char* name : {"", "list", "cgi-bins", "list/cgi-bin"}) listed.insert(id(name));
    site_.link("root/up", "..");
    site_.link("root/inner", "dir");
    site_.link("root/out", "../secret");
    site_.link("root/absolute", site_.path("secret"));
    site_.link("root/beside", "../root-beside");
    site_.link("root/cgi-bin/out", "../../secret");
    site_.link("root/cgi-bin/up", "../..");
    ::mkfifo(path("fifo").c_str(), 0644);
  }

  std::string path(const std::string& name = "") const { return site_.path(name.empty() ? "root" : "root/" + name); }

  std::set<FileId> of_root, shown, listed, scripts;

 private:
  FileId id(const std::string& name) const {
    struct stat status = {};
    require(::stat(path(name).c_str(), &status) == 0);
    return id_of(status);
  }
  void add(std::set<FileId>& files, const std::string& name, mode_t mode) {
    site_.write("root/" + name, "content", mode);
    files.insert(id(name));
  }

  cgi::ScratchDirectory site_;
};

bool holds(const std::set<FileId>& files, const cgi::Route& route) { return files.count(id_of(route.status)) != 0; }

void require_script(const cgi::Route& route, const cgi::DocumentRoot& root, const cgi::TargetPath& target) {
  const std::string& info = route.script.path_info;
  require(route.path == route.script.script_name && (info.empty() || info[0] == '/'));
  require((info + "/").find("/../") == info.npos && (info + "/").find("/./") == info.npos);
  // The name of the script must lead to the file that the server executes.
  cgi::UniqueFd again;
  struct stat status = {};
  require(root.identify(route.script.script_name, again, status) && id_of(status) == id_of(route.status));
  require(route.query == target.query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Site site;
  static const cgi::DocumentRoot root(site.path(), false);
  if (size == 0) return 0;
  const bool root_holds_scripts = (data[0] & 4) != 0;
  constexpr const char* kMethods[] = {"GET", "HEAD", "POST", "PUT"};
  cgi::Request request;
  request.method = kMethods[data[0] & 3];
  request.target.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> directories = {"/cgi-bin", "/htbin"};
  if (root_holds_scripts) directories.push_back("/");

  const cgi::Route route = cgi::find_route(request, root, directories, (data[0] & 8) != 0);
  const auto target = cgi::parse_target(request.target);
  require(target || route.kind == cgi::RouteKind::kRefusal);
  switch (route.kind) {
    case cgi::RouteKind::kScript:
      require(holds(site.scripts, route) || (root_holds_scripts && holds(site.of_root, route)));
      require_script(route, root, *target);
      break;
    case cgi::RouteKind::kFile:
      require(holds(site.shown, route) || (!root_holds_scripts && holds(site.of_root, route)));
      require(request.method == "GET" || request.method == "HEAD");
      break;
    case cgi::RouteKind::kListing:
      require(holds(site.listed, route));
      break;
    case cgi::RouteKind::kRedirect: {
      const auto next = cgi::parse_target(route.location);
      require(next && next->is_directory && next->segments == target->segments);
      break;
    }
    case cgi::RouteKind::kRefusal: {
      const cgi::Refusal& refusal = route.refusal;
      require(refusal.status == 400 || refusal.status == 403 || refusal.status == 404 || refusal.status == 501);
      for (char c : refusal.reason) require(c >= 0x20 && c <= 0x7e);
      require(!route.file);
      break;
    }
  }
  return 0;
}
