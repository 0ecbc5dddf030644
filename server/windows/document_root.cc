// The document root on Windows, by the function of its kernel.
//
// NtCreateFile() takes a name as it is. The functions above it strip dots and spaces, know devices, and read "\\host"
// and "C:". After a file is open, the kernel tells its final path, with long names, in the case of the file system, and
// behind all links, junctions and mount points. That path decides whether the file is below the root.
// rule: windows/final-path-decides, windows/short-name-is-not-its-file

#include "document_root.h"

#include <winternl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "field_syntax.h"
#include "name_rules.h"
#include "unique_handle.h"
#include "wide.h"

namespace cgi {
namespace {

constexpr std::size_t kMostEntries = 100'000;  // of a listing
constexpr DWORD kLongestPath = 32'768;         // characters, in the kernel

// Other processes may change, rename and delete what is open here.
constexpr DWORD kShared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

HANDLE handle_of(const UniqueFd& file) { return reinterpret_cast<HANDLE>(::_get_osfhandle(file.get())); }

// Returns an empty text if the file has no path.
std::wstring final_path(const UniqueFd& file) {
  std::wstring path(kLongestPath, L'\0');
  const DWORD size = ::GetFinalPathNameByHandleW(handle_of(file), path.data(), kLongestPath, VOLUME_NAME_DOS);
  path.resize(size < kLongestPath ? size : 0);
  if (path.ends_with(L'\\')) path.pop_back();  // the root of a drive
  return path;
}

// Returns the segments of "/a/b", and none for "/".
std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  cut(path, '/');  // before the first slash is nothing
  while (!path.empty()) segments.emplace_back(cut(path, '/'));
  return segments;
}

// Returns the path of `file` below `root`, without links: "" or "/cgi-bin/Run.exe". Returns nothing if it is outside.
std::optional<std::string> path_below(const UniqueFd& root, const UniqueFd& file) {
  const std::wstring above = final_path(root), path = final_path(file);
  const std::size_t size = above.size();
  if (above.empty() || path.size() < size || (path.size() > size && path[size] != L'\\')) return std::nullopt;
  const int length = static_cast<int>(size);
  if (::CompareStringOrdinal(path.data(), length, above.data(), length, TRUE) != CSTR_EQUAL) return std::nullopt;
  std::string below = narrow(path.substr(size));
  std::ranges::replace(below, '\\', '/');
  return below;
}

// Opens `path` below the directory `root`. Returns an empty descriptor and sets errno if that fails.
UniqueFd open_below(const UniqueFd& root, const std::string& path, ULONG options, ACCESS_MASK access) {
  errno = ENOENT;
  std::wstring name;  // for the kernel: relative to the root
  for (const std::string& segment : segments_of(path)) {
    const auto characters = is_windows_file_name(segment) ? wide(segment) : std::nullopt;
    if (!characters) return UniqueFd();
    if (!name.empty()) name += L'\\';
    name += *characters;
  }
  if (name.size() * sizeof(wchar_t) > USHRT_MAX - 2) return UniqueFd();
  const auto size = static_cast<USHORT>(name.size() * sizeof(wchar_t));
  UNICODE_STRING text{size, size, name.data()};
  OBJECT_ATTRIBUTES attributes{};
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, handle_of(root), nullptr);
  IO_STATUS_BLOCK io{};
  HANDLE handle = nullptr;
  const NTSTATUS status =
      ::NtCreateFile(&handle, access, &attributes, &io, nullptr, 0, kShared, FILE_OPEN,
                     options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT, nullptr, 0);
  if (status < 0) {
    const DWORD error = ::RtlNtStatusToDosError(status);
    if (error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION) errno = EACCES;
    if (error == ERROR_NOT_ENOUGH_MEMORY || error == ERROR_NO_SYSTEM_RESOURCES) errno = ENOMEM;
    if (error == ERROR_DIRECTORY) errno = ENOTDIR;
    return UniqueFd();
  }
  UniqueFd file(::_open_osfhandle(reinterpret_cast<std::intptr_t>(handle), _O_RDONLY | _O_BINARY));
  if (!file) ::CloseHandle(handle);
  if (!file || ::GetFileType(handle) == FILE_TYPE_DISK) return file;
  errno = ENXIO;
  return UniqueFd();
}

// Opens as open_below(), and throws if the machine fails.
UniqueFd open_or_throw(const UniqueFd& root, const std::string& path, ULONG options, ACCESS_MASK access) {
  UniqueFd file = open_below(root, path, options, access);
  if (file || (errno != ENOMEM && errno != EMFILE)) return file;
  throw std::system_error(errno, std::generic_category(), "cannot open \"" + path + "\"");
}

// Replaces names by those that the file system has for the same files, as far as there are files.
void spell(const UniqueFd& root, std::vector<std::string>& segments) {
  std::string path;
  for (std::size_t count = 0; count < segments.size(); ++count) {
    path.append("/").append(file_name(segments[count]));
    // The server may be allowed to pass a directory, but not to read it.
    const UniqueFd file = open_or_throw(root, path, 0, FILE_READ_ATTRIBUTES | SYNCHRONIZE);
    const auto found = file ? path_below(root, file) : std::nullopt;
    if (!found) return;
    path = *found;
    // A link may lead to a place at another depth.
    const std::vector<std::string> spelled = segments_of(path);
    segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(count) + 1);
    segments.insert(segments.begin(), spelled.begin(), spelled.end());
    count = spelled.size() - 1;
  }
}

}  // namespace

DocumentRoot::DocumentRoot(const std::string& directory, bool follow_symlinks) : follow_symlinks_(follow_symlinks) {
  const auto fail = [](DWORD why) { throw std::runtime_error(error_text(why) + " (name another: --directory DIR)"); };
  const std::wstring name = wide(directory).value_or(std::wstring());  // no directory has an empty name
  UniqueHandle opened = owned(::CreateFileW(name.c_str(), FILE_LIST_DIRECTORY | FILE_TRAVERSE, kShared, nullptr,
                                            OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!opened) fail(::GetLastError());
  directory_.reset(::_open_osfhandle(reinterpret_cast<std::intptr_t>(opened.release()), _O_RDONLY));
  struct stat status;
  if (::fstat(directory_.get(), &status) != 0 || !S_ISDIR(status.st_mode)) fail(ERROR_DIRECTORY);
  // "\\?\C:\site" is "C:\site", and "\\?\UNC\host\share" is "\\host\share".
  const std::string full = narrow(final_path(directory_));
  if (full.empty()) fail(ERROR_BAD_PATHNAME);
  path_ = full.starts_with("\\\\?\\UNC\\") ? "\\\\" + full.substr(8) : full.substr(full.starts_with("\\\\?\\") ? 4 : 0);
}

UniqueFd DocumentRoot::open(const std::string& path, int flags) const {
  UniqueFd file = open_or_throw(directory_, path, static_cast<ULONG>(flags), FILE_GENERIC_READ);
  if (!file || follow_symlinks_ || path_below(directory_, file)) return file;
  errno = EXDEV;
  return UniqueFd();
}

std::optional<struct stat> DocumentRoot::status(const std::string& path) const {
  const UniqueFd file = open_below(directory_, path, 0, FILE_GENERIC_READ);
  struct stat status;
  return file && ::fstat(file.get(), &status) == 0 ? std::optional(status) : std::nullopt;
}

UniqueFd DocumentRoot::open_for_reading(const std::string& path) const { return open(path, 0); }

UniqueFd DocumentRoot::open_directory(const std::string& path) const { return open(path, FILE_DIRECTORY_FILE); }

bool DocumentRoot::identify(const std::string& path, UniqueFd& handle, struct stat& status) const {
  handle = open(path, 0);
  return handle && ::fstat(handle.get(), &status) == 0;
}

// The names of the CGI directories are looked up for each request: somebody may rename such a directory.
std::optional<std::size_t> DocumentRoot::cgi_directory_of(TargetPath& target,
                                                          const std::vector<std::string>& cgi_directories) const {
  spell(directory_, target.segments);
  std::vector<std::string> spelled;
  for (const std::string& directory : cgi_directories) {
    std::vector<std::string> segments = segments_of(directory);
    spell(directory_, segments);
    std::string& name = spelled.emplace_back(segments.empty() ? "/" : "");
    for (const std::string& segment : segments) name.append("/").append(segment);
  }
  return cgi::cgi_directory_of(target, spelled);
}

std::optional<std::vector<ListingEntry>> DocumentRoot::entries(const UniqueFd& directory,
                                                               const std::string& path) const {
  std::vector<ListingEntry> found;
  alignas(FILE_FULL_DIR_INFO) std::array<std::byte, 64 * 1024> block;
  for (auto kind = FileFullDirectoryRestartInfo; found.size() < kMostEntries; kind = FileFullDirectoryInfo) {
    if (!::GetFileInformationByHandleEx(handle_of(directory), kind, block.data(), block.size())) {
      return ::GetLastError() == ERROR_NO_MORE_FILES ? std::optional(std::move(found)) : std::nullopt;
    }
    for (std::size_t at = 0, next = 1; next != 0; at += next) {
      const auto& entry = *reinterpret_cast<const FILE_FULL_DIR_INFO*>(&block[at]);
      next = entry.NextEntryOffset;
      const std::string name = narrow({entry.FileName, entry.FileNameLength / sizeof(wchar_t)});
      if (name == "." || name == "..") continue;
      const bool is_link = (entry.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
      const bool is_folder = is_link ? is_directory(path + (path.ends_with('/') ? "" : "/") + name)
                                     : (entry.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
      found.push_back({name, is_folder, is_link});
    }
  }
  return found;
}

}  // namespace cgi
