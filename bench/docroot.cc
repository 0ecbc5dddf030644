#include "docroot.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace cgi::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto kReadable = fs::perms(0644);
constexpr auto kExecutable = fs::perms(0755);

void write(const fs::path& path, const Repeated& content) {
  std::ofstream out(path, std::ios::binary);
  const std::string& block = content.block();
  for (std::uint64_t at = 0; at < content.size(); at += block.size()) {
    out.write(block.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(block.size(), content.size() - at)));
  }
  out.close();
  if (!out) throw fs::filesystem_error("", path, std::error_code(errno, std::generic_category()));
  fs::permissions(path, kReadable);
}

}  // namespace

std::string wrong_place(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (!fs::exists(status)) return "";
  if (!fs::is_directory(status)) return "is not a folder";
  return fs::is_empty(directory, error) || error ? "" : "is not empty";
}

void lay_out(const fs::path& directory, const fs::path& scripts, const Scenarios& scenarios,
             const std::set<std::string>& wanted) {
  const fs::path cgi_bin = directory / "cgi-bin";
  fs::create_directories(cgi_bin);
  fs::permissions(directory, kExecutable);
  fs::permissions(cgi_bin, kExecutable);
  for (const auto& entry : fs::directory_iterator(scripts)) {
    const fs::path copy = cgi_bin / entry.path().filename();
    fs::copy_file(entry.path(), copy, fs::copy_options::overwrite_existing);
    fs::permissions(copy, kExecutable);
  }
  for (const auto& file : scenarios.files) {
    if (wanted.empty() || wanted.count("/" + file.path)) write(directory / file.path, file.content);
  }
}

TemporaryDocroot::TemporaryDocroot(const fs::path& scripts, const Scenarios& scenarios,
                                   const std::set<std::string>& wanted) {
  const char* const folder = ::getenv("TMPDIR");
  std::string name = fs::path(folder == nullptr ? "/tmp" : folder) / "cgi-bench-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw fs::filesystem_error("", name, std::error_code(errno, std::generic_category()));
  }
  path_ = name;
  try {
    lay_out(path_, scripts, scenarios, wanted);
  } catch (...) {
    remove();
    throw;
  }
}

void TemporaryDocroot::remove() noexcept {
  const std::lock_guard lock(removing_);
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace cgi::bench
