#include "file_cache.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace cgi {
namespace {

constexpr std::size_t kMostOctets = 4 * 1024 * 1024;
constexpr std::time_t kSettled = 2;  // seconds: no clock of a file system is coarser

auto identity(const struct stat& status) {
  return std::tuple(status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtim.tv_sec,
                    status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

std::size_t octets_of(const std::string& target, const StoredFile& file) {
  constexpr std::size_t kRest = 512;
  return kRest + 2 * target.size() + file.content.size();
}

}  // namespace

std::shared_ptr<const StoredFile> FileCache::find(const std::string& target) {
  std::shared_ptr<const StoredFile> file;
  {
    std::lock_guard lock(mutex_);
    const auto found = files_.find(target);
    if (found == files_.end() || found->second.until < Clock::now()) return nullptr;
    file = found->second.file;
  }
  const auto now = root_.status(file->path);
  return now && identity(*now) == identity(file->status) ? file : nullptr;
}

void FileCache::keep(const std::string& target, std::shared_ptr<const StoredFile> file) {
  const std::time_t changed = std::max(file->status.st_mtime, file->status.st_ctime);
  // A target with a query may be one of very many. "index.htm" depends on "index.html", too.
  if (file->read_at - changed <= kSettled || target.find('?') != target.npos || file->path.ends_with("/index.htm")) {
    return;
  }
  std::lock_guard lock(mutex_);
  const std::size_t octets = octets_of(target, *file);
  if (octets_ + octets > kMostOctets) {
    files_.clear();
    octets_ = 0;
  }
  Entry& entry = files_[target];
  if (entry.file) octets_ -= octets_of(target, *entry.file);
  octets_ += octets;
  entry = {std::move(file), Clock::now() + life_};
}

}  // namespace cgi
