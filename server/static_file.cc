#include "static_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "http_date.h"
#include "listing.h"
#include "response_head.h"

namespace cgi {
namespace {

constexpr off_t kSmall = 32 * 1024;

// A link to a directory counts as a directory, as in os.path.isdir(), but not if it leads out of the root.
ListingEntry entry_of(const dirent& entry, const std::string& directory, const DocumentRoot& root) {
  ListingEntry result;
  result.name = entry.d_name;
  result.is_link = entry.d_type == DT_LNK;
  result.is_directory = entry.d_type == DT_DIR;
  if (entry.d_type == DT_LNK || entry.d_type == DT_UNKNOWN) {
    const std::string path = directory + (directory.back() == '/' ? "" : "/") + result.name;
    result.is_directory = static_cast<bool>(root.open(path, O_PATH | O_DIRECTORY));
    if (entry.d_type == DT_UNKNOWN) {
      struct stat status = {};
      UniqueFd itself = root.open(path, O_PATH | O_NOFOLLOW);
      result.is_link = itself && ::fstat(itself.get(), &status) == 0 && S_ISLNK(status.st_mode);
    }
  }
  return result;
}

}  // namespace

bool is_not_modified(const Request& request, std::time_t modified) {
  const auto since = request.first("If-Modified-Since");
  if (!since || request.first("If-None-Match")) return false;
  const auto when = parse_http_date(*since);
  return when && modified <= *when;
}

bool is_large(const Route& route) { return route.status.st_size > kSmall; }

std::shared_ptr<const StoredFile> read_file(const Route& route, const MimeTypes& types) {
  auto file = std::make_shared<StoredFile>(StoredFile{route.path, route.status, std::time(nullptr), {}, {}});
  const auto size = static_cast<std::size_t>(route.status.st_size);
  add_field(file->fields, "Content-type", types.type_of(route.path));
  add_field(file->fields, "Content-Length", std::to_string(size));
  add_field(file->fields, "Last-Modified", http_date(route.status.st_mtime));
  if (is_large(route)) return file;
  file->content.resize(size);
  const ssize_t count = ::pread(route.file.get(), file->content.data(), size, 0);
  return count == route.status.st_size ? file : nullptr;
}

std::optional<std::string> directory_page(const Request& request, const Route& listing, const DocumentRoot& root) {
  // The route may have opened the directory for searching only. Reading needs another descriptor.
  UniqueFd fd(::openat(listing.file.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno != EACCES) throw std::system_error(errno, std::generic_category(), "cannot open a directory");
  if (!fd) return std::nullopt;
  DIR* directory = ::fdopendir(fd.get());
  if (directory == nullptr) return std::nullopt;
  fd.release();  // closedir() closes it
  std::vector<ListingEntry> entries;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back(entry_of(*entry, listing.path, root));
  }
  ::closedir(directory);
  return listing_page(request.target, std::move(entries));
}

}  // namespace cgi
