#include "demo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "demo_files.h"
#include "unique_fd.h"

namespace cgi {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("cannot unpack the demo into \"" + path + "\": " + why + " (try: TMPDIR=/var/tmp)");
}

void check(bool success, const std::string& path) {
  if (!success) fail(path, std::strerror(errno));
}

UniqueFd write_file(const std::string& path, mode_t mode, std::string_view content) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  check(file && write_all(file.get(), content) && ::fchmod(file.get(), mode) == 0, path);
  return file;
}

}  // namespace

Demo::Demo() {
  const char* const chosen = std::getenv("TMPDIR");
  const std::filesystem::path parent =
      std::filesystem::absolute(chosen != nullptr && *chosen != '\0' ? chosen : "/tmp");
  path_ = parent / "cgi-server-demo.XXXXXX";
  check(::mkdtemp(path_.data()) != nullptr, parent);
}

// After the other constructor the object exists, so an exception calls the destructor.
Demo::Demo(const std::optional<Account>& account) : Demo() {
  for (const std::string& directory : {path_, document_root(), document_root() + "/cgi-bin"}) {
    check(directory == path_ || ::mkdir(directory.c_str(), 0755) == 0, directory);
    check(::chmod(directory.c_str(), 0755) == 0, directory);  // mkdir() heeds the umask
  }
  for (const DemoFile& file : kDemoFiles) write_file(document_root() + "/" + file.name, file.mode, file.content);
  const UniqueFd count = write_file(path_ + "/count", 0644, "");
  check(!account || ::fchown(count.get(), account->uid, account->gid) == 0, path_);

  std::filesystem::path above = path_;
  const std::string script = document_root() + "/cgi-bin/environment";
  if (::access(script.c_str(), X_OK) != 0) fail(above.parent_path(), "programs cannot run there, it is mounted noexec");
  while (account && above.has_relative_path()) {
    above = above.parent_path();
    struct stat status = {};
    check(::stat(above.c_str(), &status) == 0, above);
    if ((status.st_mode & S_IXOTH) == 0) fail(above, "user \"" + account->name + "\" cannot enter it");
  }
}

Demo::~Demo() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace cgi
