#include "document_root.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace cgi {
namespace {

// Returns whether an error says something of the file; if not, the machine has failed.
bool says_of_file(int error) {
  constexpr int kErrors[] = {ENOENT, ENOTDIR, EACCES, EPERM, EXDEV, ELOOP, ENAMETOOLONG, ENXIO, ENODEV, EINVAL};
  return std::ranges::count(kErrors, error) > 0;
}

// Returns `path` without links, as far as it exists, relative to `root`; nothing and errno if it is not below the root.
// A link may change at any moment, so the result must be opened like any other path.
std::optional<std::string> resolved_below(const std::string& root, const std::string& path) {
  std::error_code error;
  const std::string found = std::filesystem::weakly_canonical(path, error);
  const std::string prefix = root == "/" ? root : root + "/";
  if (found == root) return ".";
  if (found.starts_with(prefix)) return found.substr(prefix.size());
  // A client does not learn what is there, or is not there, outside of the root.
  errno = !error || says_of_file(error.value()) ? EXDEV : error.value();
  return std::nullopt;
}

const char* relative_to_root(const std::string& path) {
  const std::size_t begin = path.find_first_not_of('/');
  return begin == path.npos ? "." : path.c_str() + begin;
}

// Calls `find` with the path relative to the root, and again if an absolute link leads to a place inside the root.
template <typename Find>
auto find_inside(const DocumentRoot& root, const std::string& path, Find find) {
  auto found = find(relative_to_root(path));
  if (!found && errno == EXDEV) {  // rule: base/symlinks-are-followed
    const auto inside = resolved_below(root.path(), root.translated(path));
    if (inside) found = find(inside->c_str());
  }
  if (!found && !says_of_file(errno)) {
    throw std::system_error(errno, std::generic_category(), "cannot open \"" + path + "\"");
  }
  return found;
}

[[noreturn]] void throw_unusable(int error) {
  throw std::runtime_error(std::string(std::strerror(error)) + " (name another: --directory DIR)");
}

// Returns null at the end of the directory.
const dirent* next_entry(DIR* directory) {
  errno = 0;
  const dirent* entry = ::readdir(directory);
  if (entry == nullptr && errno != 0)
    throw std::system_error(errno, std::generic_category(), "cannot read a directory");
  return entry;
}

}  // namespace

DocumentRoot::DocumentRoot(const std::string& directory, bool follow_symlinks) : follow_symlinks_(follow_symlinks) {
  std::error_code error;
  path_ = std::filesystem::canonical(directory, error);
  if (error) throw_unusable(error.value());
  directory_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_) throw_unusable(errno);
  if (!follow_symlinks_) need_open_beneath(directory_.get());
}

std::optional<struct stat> DocumentRoot::status(const std::string& path) const {
  struct stat status = {};
  const bool found = ::fstatat(directory_.get(), relative_to_root(path), &status, 0) == 0;
  return found ? std::optional(status) : std::nullopt;
}

UniqueFd DocumentRoot::open(const std::string& path, int flags) const {
  return find_inside(*this, path, [&](const char* relative) {
    return follow_symlinks_ ? UniqueFd(::openat(directory_.get(), relative, flags | O_CLOEXEC))
                            : open_beneath(directory_.get(), relative, flags);
  });
}

// rule: resource/request-changes-no-file
UniqueFd DocumentRoot::open_for_reading(const std::string& path) const {
  return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

UniqueFd DocumentRoot::open_directory(const std::string& path) const { return open(path, kSearch | O_DIRECTORY); }

bool DocumentRoot::identify(const std::string& path, UniqueFd& handle, struct stat& status) const {
  return find_inside(*this, path, [&](const char* relative) {
    return follow_symlinks_ ? ::fstatat(directory_.get(), relative, &status, 0) == 0
                            : identify_beneath(directory_.get(), relative, handle, status);
  });
}

std::optional<std::size_t> DocumentRoot::cgi_directory_of(TargetPath& target,
                                                          const std::vector<std::string>& cgi_directories) const {
  return cgi::cgi_directory_of(target, cgi_directories);
}

std::optional<std::vector<ListingEntry>> DocumentRoot::entries(const UniqueFd& directory,
                                                               const std::string& path) const {
  // The directory may be open for searching only. Reading needs another descriptor.
  UniqueFd fd(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == EACCES) return std::nullopt;
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> stream(fd ? ::fdopendir(fd.get()) : nullptr, close);
  if (!stream) throw std::system_error(errno, std::generic_category(), "cannot open a directory");
  fd.release();  // closedir() closes it
  std::vector<ListingEntry> found;
  while (const dirent* entry = next_entry(stream.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status = {};
    status.st_mode = static_cast<mode_t>(DTTOIF(entry->d_type));
    if (status.st_mode == 0) ::fstatat(::dirfd(stream.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW);  // unknown
    const bool is_link = S_ISLNK(status.st_mode);
    const bool is_folder =
        is_link ? is_directory(path + (path.ends_with('/') ? "" : "/") + name) : S_ISDIR(status.st_mode);
    found.push_back({name, is_folder, is_link});
  }
  return found;
}

}  // namespace cgi
