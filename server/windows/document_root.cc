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

#include "name_rules.h"
#include "unique_handle.h"
#include "wide.h"

namespace cgi {
namespace {

constexpr std::size_t kMostEntries = 100'000;  // of a listing

// Other processes may change, rename and delete what is open here.
constexpr DWORD kShared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

// Codes of the kernel that winternl.h lacks.
constexpr auto kAccessDenied = static_cast<NTSTATUS>(0xC0000022), kSharing = static_cast<NTSTATUS>(0xC0000043),
               kDeletePending = static_cast<NTSTATUS>(0xC0000056), kNoResources = static_cast<NTSTATUS>(0xC000009A),
               kNoMemory = static_cast<NTSTATUS>(0xC0000017), kNotADirectory = static_cast<NTSTATUS>(0xC0000103);

int errno_of_status(NTSTATUS status) {
  if (status == kAccessDenied || status == kSharing || status == kDeletePending) return EACCES;
  if (status == kNoResources || status == kNoMemory) return ENOMEM;
  return status == kNotADirectory ? ENOTDIR : ENOENT;
}

HANDLE handle_of(const UniqueFd& file) { return reinterpret_cast<HANDLE>(::_get_osfhandle(file.get())); }

// Returns an empty text if the file has no path.
std::wstring final_path(HANDLE file) {
  std::wstring path(512, L'\0');
  for (;;) {
    const DWORD size = ::GetFinalPathNameByHandleW(file, path.data(), static_cast<DWORD>(path.size()), VOLUME_NAME_DOS);
    const bool fits = size < path.size();
    path.resize(size);
    if (!fits) continue;
    if (path.ends_with(L'\\')) path.pop_back();  // the root of a drive
    return path;
  }
}

// Returns the name for the kernel, which is relative to the root; nothing if a segment names no file.
std::optional<std::wstring> kernel_name(std::string_view path) {
  std::wstring name;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segment.empty() && path.empty()) break;  // a slash at the end
    const auto characters = is_windows_file_name(segment) ? wide(segment) : std::nullopt;
    if (!characters) return std::nullopt;
    if (!name.empty()) name += L'\\';
    name += *characters;
  }
  if (name.size() * sizeof(wchar_t) > USHRT_MAX - 2) return std::nullopt;
  return name;
}

// Returns the part of `path` below `root`, without links: "" or "\cgi-bin\Run.exe". Returns nothing if it is outside.
std::optional<std::wstring> below(const std::wstring& root, const std::wstring& path) {
  const int size = static_cast<int>(root.size());
  if (root.empty() || path.size() < root.size() || (path.size() > root.size() && path[root.size()] != L'\\'))
    return std::nullopt;
  if (::CompareStringOrdinal(path.data(), size, root.data(), size, TRUE) != CSTR_EQUAL) return std::nullopt;
  return path.substr(root.size());
}

// Opens `path` below the directory `root`. Returns an empty descriptor and sets errno if that fails.
UniqueFd open_below(const UniqueFd& root, const std::string& path, ULONG options,
                    ACCESS_MASK access = FILE_GENERIC_READ) {
  auto name = kernel_name(path);
  errno = ENOENT;
  if (!name) return UniqueFd();
  UNICODE_STRING text{};
  text.Buffer = name->data();
  text.Length = text.MaximumLength = static_cast<USHORT>(name->size() * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes{};
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, handle_of(root), nullptr);
  IO_STATUS_BLOCK io{};
  HANDLE handle = nullptr;
  const NTSTATUS status =
      ::NtCreateFile(&handle, access, &attributes, &io, nullptr, 0, kShared, FILE_OPEN,
                     options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT, nullptr, 0);
  if (status < 0) {
    errno = errno_of_status(status);
    return UniqueFd();
  }
  UniqueFd file(::_open_osfhandle(reinterpret_cast<std::intptr_t>(handle), _O_RDONLY | _O_BINARY));
  if (!file) ::CloseHandle(handle);
  if (!file || ::GetFileType(handle) == FILE_TYPE_DISK) return file;
  errno = ENXIO;
  return UniqueFd();
}

[[noreturn]] void throw_shortage(const std::string& path) {
  throw std::system_error(errno, std::generic_category(), "cannot open \"" + path + "\"");
}

bool is_shortage() { return errno == ENOMEM || errno == EMFILE; }

// Replaces names by those that the file system has for the same files, as far as there are files.
void spell(const UniqueFd& root, std::vector<std::string>& segments) {
  std::string path;
  for (std::size_t count = 0; count < segments.size(); ++count) {
    path.append("/").append(file_name(segments[count]));
    // The server may be allowed to pass a directory, but not to read it.
    const UniqueFd file = open_below(root, path, 0, FILE_READ_ATTRIBUTES | SYNCHRONIZE);
    if (!file && is_shortage()) throw_shortage(path);
    const auto found = file ? below(final_path(handle_of(root)), final_path(handle_of(file))) : std::nullopt;
    if (!found) return;
    // A link may lead to a place at another depth.
    std::vector<std::string> spelled;
    for (std::size_t begin = 1; begin < found->size();) {
      const std::size_t end = std::min(found->find(L'\\', begin), found->size());
      spelled.push_back(narrow(std::wstring_view(*found).substr(begin, end - begin)));
      begin = end + 1;
    }
    segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(count) + 1);
    segments.insert(segments.begin(), spelled.begin(), spelled.end());
    count = spelled.size() - 1;
    path.clear();
    for (const std::string& segment : spelled) path.append("/").append(segment);
    struct stat status;
    if (::fstat(file.get(), &status) != 0 || !S_ISDIR(status.st_mode)) return;
  }
}

}  // namespace

DocumentRoot::DocumentRoot(const std::string& directory, bool follow_symlinks) : follow_symlinks_(follow_symlinks) {
  const auto fail = [](DWORD error) {
    throw std::runtime_error(error_text(error) + " (name another: --directory DIR)");
  };
  const auto name = wide(directory);
  if (!name || name->empty()) fail(ERROR_INVALID_NAME);
  UniqueHandle opened = owned(::CreateFileW(name->c_str(), FILE_LIST_DIRECTORY | FILE_TRAVERSE, kShared, nullptr,
                                            OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!opened) fail(::GetLastError());
  directory_.reset(::_open_osfhandle(reinterpret_cast<std::intptr_t>(opened.release()), _O_RDONLY));
  struct stat status;
  if (::fstat(directory_.get(), &status) != 0 || !S_ISDIR(status.st_mode)) fail(ERROR_DIRECTORY);
  // "\\?\C:\site" is "C:\site", and "\\?\UNC\host\share" is "\\host\share".
  const std::wstring full = final_path(handle_of(directory_));
  constexpr std::wstring_view kShare = L"\\\\?\\UNC\\", kLocal = L"\\\\?\\";
  if (full.empty()) fail(ERROR_BAD_PATHNAME);
  path_ = full.starts_with(kShare)   ? "\\\\" + narrow(full.substr(kShare.size()))
          : full.starts_with(kLocal) ? narrow(full.substr(kLocal.size()))
                                     : narrow(full);
}

// Opens a file and compares its final path.
UniqueFd DocumentRoot::open(const std::string& path, int flags) const {
  UniqueFd file = open_below(directory_, path, static_cast<ULONG>(flags));
  if (!file && is_shortage()) throw_shortage(path);
  if (!file || follow_symlinks_) return file;
  if (below(final_path(handle_of(directory_)), final_path(handle_of(file)))) return file;
  errno = EXDEV;
  return UniqueFd();
}

std::optional<struct stat> DocumentRoot::status(const std::string& path) const {
  const UniqueFd file = open_below(directory_, path, 0);
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
    std::vector<std::string> segments;
    for (std::size_t begin = 1; begin < directory.size();) {
      const std::size_t end = std::min(directory.find('/', begin), directory.size());
      segments.push_back(directory.substr(begin, end - begin));
      begin = end + 1;
    }
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
  FILE_INFO_BY_HANDLE_CLASS kind = FileFullDirectoryRestartInfo;
  while (found.size() < kMostEntries) {
    if (!::GetFileInformationByHandleEx(handle_of(directory), kind, block.data(), block.size())) {
      if (::GetLastError() == ERROR_NO_MORE_FILES) break;
      return std::nullopt;
    }
    kind = FileFullDirectoryInfo;
    for (const std::byte* at = block.data();;) {
      const auto& entry = *reinterpret_cast<const FILE_FULL_DIR_INFO*>(at);
      const std::wstring_view name(entry.FileName, entry.FileNameLength / sizeof(wchar_t));
      if (name != L"." && name != L"..") {
        ListingEntry& added = found.emplace_back();
        added.name = narrow(name);
        added.is_link = (entry.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
        added.is_directory = added.is_link ? is_directory(path + (path.back() == '/' ? "" : "/") + added.name)
                                           : (entry.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
      }
      if (entry.NextEntryOffset == 0) break;
      at += entry.NextEntryOffset;
    }
  }
  return found;
}

}  // namespace cgi
