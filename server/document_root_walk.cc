// Opens one directory after the other and follows links itself, as any POSIX system can.
//
// The walk holds the descriptors of all directories on its way from the root. A name leads one directory deeper, never
// through a link (O_NOFOLLOW): the walk reads a link and goes on with its text. ".." leads back to the descriptor
// before. The ".." of the system would lead out of the root if somebody moved a directory out while the walk is in it.
//
// A file may come into such a directory after it has left the root. So at its end the walk looks, from the root on,
// whether each directory is still in the one before, and the file in the last one. Then all were there when it began to
// look, and the file was below the root. One gap remains: a directory or a file that left its place after the walk
// found it there, and came back before the walk looked again.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <functional>
#include <string_view>
#include <utility>

#include "document_root.h"

namespace cgi {
namespace {

constexpr int kMostLinks = 40;  // as many as Linux follows
constexpr int kMostWalks = 9;   // while somebody moves what the walk finds

#if defined(O_SEARCH)  // macOS, FreeBSD
constexpr int kForSearch = O_SEARCH;
#elif defined(O_PATH)  // Linux
constexpr int kForSearch = O_PATH;
#else                  // the server must be able to read a directory that it only searches
constexpr int kForSearch = O_RDONLY;
#endif

struct Step {
  std::string name;
  UniqueFd directory;
};

// Opens or finds the last name of a path in its directory, and sets the status. Returns false and sets errno if that
// fails, and if the name is a link.
using FindLast = std::function<bool(int directory, const char* name, struct stat& status)>;

// Adds the names of `path`, the last one first. "a//b/" has the names "a", "b" and ".".
void add_names(std::vector<std::string>& names, std::string_view path) {
  if (path.empty() || path.back() == '/') names.emplace_back(".");
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    const std::string_view name = path.substr(slash + 1);  // npos + 1 is 0
    if (!name.empty()) names.emplace_back(name);
    path = path.substr(0, slash == path.npos ? 0 : slash);
  }
}

// Returns the text of a link, or nothing if `name` is none.
std::optional<std::string> text_of_link(int directory, const std::string& name) {
  std::string text(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(directory, name.c_str(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

bool is_still(int directory, const std::string& name, const struct stat& status) {
  struct stat now = {};
  return ::fstatat(directory, name.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == status.st_dev &&
         now.st_ino == status.st_ino;
}

bool is_still_below(int root, const std::vector<Step>& way, const std::string& name, const struct stat& status) {
  int directory = root;
  for (const Step& step : way) {
    struct stat of_step = {};
    if (::fstat(step.directory.get(), &of_step) != 0 || !is_still(directory, step.name, of_step)) return false;
    directory = step.directory.get();
  }
  return way.empty() || is_still(directory, name, status);
}

// Returns 0 or an errno: EAGAIN if somebody moved what the walk found.
int walk_once(int root, const char* path, const FindLast& find_last) {
  std::vector<Step> way;
  std::vector<std::string> names;  // the next one is the last
  add_names(names, path);
  for (int links = 0;;) {
    const std::string name = std::move(names.back());
    names.pop_back();
    const bool is_last = names.empty();
    if (name == "..") {
      if (way.empty()) return EXDEV;
      way.pop_back();
      if (is_last) names.emplace_back(".");
      continue;
    }
    const int directory = way.empty() ? root : way.back().directory.get();
    if (is_last) {
      struct stat status = {};
      if (find_last(directory, name.c_str(), status)) return is_still_below(root, way, name, status) ? 0 : EAGAIN;
    } else if (name == ".") {
      continue;
    } else {
      UniqueFd next(::openat(directory, name.c_str(), kForSearch | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (next) {
        way.push_back({name, std::move(next)});
        continue;
      }
    }
    const int error = errno;
    const auto text = text_of_link(directory, name);
    if (!text) return errno == EINVAL || errno == ENOENT ? error : errno;  // no link, or gone
    if (text->starts_with('/')) return EXDEV;
    if (++links > kMostLinks) return ELOOP;
    add_names(names, *text);
  }
}

bool walk(int root, const char* path, const FindLast& find_last) {
  int error = EAGAIN;
  for (int walks = 0; error == EAGAIN && walks < kMostWalks; ++walks) error = walk_once(root, path, find_last);
  errno = error;
  return error == 0;
}

}  // namespace

const int DocumentRoot::kSearch = kForSearch;

void DocumentRoot::need_open_beneath(int) {}

UniqueFd DocumentRoot::open_beneath(int root, const char* path, int flags) {
  UniqueFd file;
  const bool found = walk(root, path, [&](int directory, const char* name, struct stat& status) {
    file.reset(::openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC));
    return file && ::fstat(file.get(), &status) == 0;
  });
  return found ? std::move(file) : UniqueFd();
}

// There is no handle: a server without O_PATH cannot open a script that it may execute, but not read.
bool DocumentRoot::identify_beneath(int root, const char* path, UniqueFd&, struct stat& status) {
  return walk(root, path, [&](int directory, const char* name, struct stat& found) {
    if (::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return false;
    status = found;
    errno = ELOOP;
    return !S_ISLNK(found.st_mode);
  });
}

}  // namespace cgi
