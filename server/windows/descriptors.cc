#include "descriptors.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "pipe.h"
#include "unique_handle.h"
#include "wide.h"

namespace cgi {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The kind of a descriptor is a bit in it. A number without one is a file of the C library. Handles and sockets of
// Windows are small numbers: only 32 bits of them count, and they grow from 4.
constexpr int kSocket = 1 << 28, kPipe = 1 << 29, kProcess = 1 << 30;
constexpr int kKinds = kSocket | kPipe | kProcess;

constexpr milliseconds kLongest(60'000);
constexpr milliseconds kLookAgain(100);  // at a client that has ended its side: it may still break the connection

SOCKET socket_of(int fd) { return static_cast<SOCKET>(fd & ~kKinds); }
HANDLE process_of(int fd) { return reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(fd & ~kKinds)); }

int fail(int error) {
  errno = error;
  return -1;
}

int fail_as_socket() { return fail(errno_of(static_cast<unsigned long>(::WSAGetLastError()))); }

// The pipes by descriptor.
class Pipes {
 public:
  int add(std::unique_ptr<PipeEnd> end) {
    std::lock_guard lock(mutex_);
    do next_ = (next_ + 1) % kSocket;
    while (ends_.contains(next_));
    ends_.emplace(next_, std::move(end));
    return kPipe | next_;
  }
  std::shared_ptr<PipeEnd> find(int fd) {
    std::lock_guard lock(mutex_);
    const auto found = ends_.find(fd & ~kKinds);
    return found == ends_.end() ? nullptr : found->second;
  }
  std::shared_ptr<PipeEnd> take(int fd) {
    std::lock_guard lock(mutex_);
    const auto node = ends_.extract(fd & ~kKinds);
    return node ? node.mapped() : nullptr;
  }

 private:
  std::mutex mutex_;
  std::map<int, std::shared_ptr<PipeEnd>> ends_;
  int next_ = 0;
};

Pipes& pipes() {
  static Pipes all;
  return all;
}

// Lets a script read what is on its way to it. The rest goes on in a thread, which ends at the latest with the script.
void close_pipe(std::shared_ptr<PipeEnd> end) {
  if (!end || !end->is_writing()) return;
  try {
    std::thread([end] {
      while (end->is_writing()) ::WaitForSingleObject(end->event(), INFINITE);
    }).detach();
  } catch (const std::exception&) {  // no thread: the script gets a part
  }
}

int written_to_pipe(int fd, const void* octets, std::size_t size) {
  const auto end = pipes().find(fd);
  if (!end) return fail(EBADF);
  const int count = end->write({static_cast<const char*>(octets), size});
  return count >= 0 ? count : fail(count == kPipeWaits ? EAGAIN : EPIPE);
}

int read_from_pipe(int fd, void* octets, std::size_t size) {
  const auto end = pipes().find(fd);
  if (!end) return fail(EBADF);
  std::string_view there;
  const int count = end->read(there, size);
  if (count > 0) std::copy_n(there.begin(), there.size(), static_cast<char*>(octets));
  return count == kPipeWaits ? fail(EAGAIN) : std::max(count, 0);
}

// Returns what WSAPoll() says about a socket, in the terms of POSIX: a client that has ended its side only is readable,
// and not hung up.
short state_of_socket(SOCKET socket, short happened) {
  if ((happened & (POLLHUP | POLLERR)) == 0) return happened;
  char octet;
  // WSAPoll() of wine takes the error away from the socket, and recv() then finds none.
  const bool is_broken =
      (happened & POLLERR) != 0 || (::recv(socket, &octet, 1, MSG_PEEK) < 0 && ::WSAGetLastError() != WSAEWOULDBLOCK);
  const int rest = happened & ~(POLLHUP | POLLERR);
  return static_cast<short>(is_broken ? rest | POLLHUP | POLLERR : rest | POLLIN);
}

// Waits for sockets only.
int poll_sockets(std::span<PollEntry> entries, int wait) {
  std::vector<WSAPOLLFD> sockets;
  for (const PollEntry& entry : entries) {
    sockets.push_back({entry.fd < 0 ? INVALID_SOCKET : socket_of(entry.fd), entry.events, 0});
  }
  const bool any = std::ranges::any_of(entries, [](const PollEntry& entry) { return entry.fd >= 0; });
  if (any && ::WSAPoll(sockets.data(), static_cast<ULONG>(sockets.size()), wait) < 0) return fail_as_socket();
  if (!any && wait != 0) ::Sleep(static_cast<DWORD>(wait));
  int count = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    PollEntry& entry = entries[i];
    entry.revents = 0;
    if (entry.fd < 0) continue;
    const int asked = entry.events | POLLERR | POLLHUP | POLLNVAL;
    entry.revents = static_cast<short>(state_of_socket(sockets[i].fd, sockets[i].revents) & asked);
    if (entry.revents != 0) ++count;
  }
  // A client that has ended its side would end each wait at once, also if the server only waits to send.
  if (count == 0 && wait != 0) ::Sleep(10);
  return count;
}

// Looks at one entry, without waiting.
void look_at(PollEntry& entry) {
  entry.revents = 0;
  if (entry.fd < 0) return;
  if ((entry.fd & kProcess) != 0) {
    if (::WaitForSingleObject(process_of(entry.fd), 0) == WAIT_OBJECT_0) entry.revents = POLLIN;
  } else if ((entry.fd & kPipe) != 0) {
    const auto end = pipes().find(entry.fd);
    if (end && end->is_ready()) entry.revents = entry.events;
  } else {
    poll_sockets({&entry, 1}, 0);
  }
}

// Has `event` be set once something happens to a socket, and at once if something has happened before.
void select_event(const PollEntry& entry, HANDLE event, bool with_end) {
  long wanted = with_end ? FD_CLOSE : 0;
  if ((entry.events & POLLIN) != 0) wanted |= FD_READ | FD_ACCEPT | FD_CLOSE;
  if ((entry.events & POLLOUT) != 0) wanted |= FD_WRITE;
  ::WSAEventSelect(socket_of(entry.fd), event, wanted);
}

// Waits for an event of any entry. At most one of them is a socket. Windows waits for at most 64.
void wait_for_event(std::span<PollEntry> entries, milliseconds wait, bool with_end) {
  std::vector<HANDLE> handles;
  std::vector<std::shared_ptr<PipeEnd>> ends;
  // Each wait makes its own event: GCC for Windows destroys thread_local objects after their memory is gone.
  const UniqueHandle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  SOCKET socket = INVALID_SOCKET;
  for (const PollEntry& entry : entries) {
    if (entry.fd < 0) continue;
    if ((entry.fd & kProcess) != 0) {
      handles.push_back(process_of(entry.fd));
    } else if ((entry.fd & kPipe) != 0) {
      ends.push_back(pipes().find(entry.fd));
      if (ends.back()) handles.push_back(ends.back()->event());
    } else {
      socket = socket_of(entry.fd);
      select_event(entry, event.get(), with_end);
      handles.push_back(event.get());
    }
  }
  ::WaitForMultipleObjects(static_cast<DWORD>(handles.size()), handles.data(), FALSE,
                           static_cast<DWORD>(std::max<milliseconds::rep>(wait.count(), 0)));
  if (socket != INVALID_SOCKET) ::WSAEventSelect(socket, nullptr, 0);
}

timespec time_of(const FILETIME& time) {
  constexpr std::int64_t kFrom1601To1970 = 11'644'473'600;
  const std::int64_t ticks = (static_cast<std::int64_t>(time.dwHighDateTime) << 32) | time.dwLowDateTime;
  return {ticks / 10'000'000 - kFrom1601To1970, static_cast<long>(ticks % 10'000'000 * 100)};
}

int status_of(HANDLE file, struct stat& status) {
  BY_HANDLE_FILE_INFORMATION about{};
  if (!::GetFileInformationByHandle(file, &about)) return fail(EIO);
  const bool is_directory = (about.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
  status = {};
  status.st_dev = about.dwVolumeSerialNumber;
  status.st_ino = static_cast<ino_t>(about.nFileIndexLow);
  status.st_mode = is_directory ? S_IFDIR | 0555U : S_IFREG | 0444U;
  status.st_size = static_cast<off_t>(static_cast<std::uint64_t>(about.nFileSizeHigh) << 32 | about.nFileSizeLow);
  status.st_mtim = time_of(about.ftLastWriteTime);
  status.st_ctim = time_of(about.ftCreationTime);
  return 0;
}

// Returns `path` in characters; an empty text, which names no file, if it is not UTF-8.
std::wstring name_of(const char* path) { return wide(path).value_or(L""); }

SOCKET loopback_socket(sockaddr_in& address) {
  const SOCKET made = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return made;
}

}  // namespace

int errno_of(unsigned long error) {
  static const std::map<unsigned long, int> numbers = {{WSAEWOULDBLOCK, EAGAIN},
                                                       {WSAEINTR, EINTR},
                                                       {WSAEMFILE, EMFILE},
                                                       {WSAENOBUFS, ENOBUFS},
                                                       {WSAEACCES, EACCES},
                                                       {WSAEADDRINUSE, EADDRINUSE},
                                                       {WSAENOTSOCK, EBADF},
                                                       {WSAEINVAL, EINVAL},
                                                       {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
                                                       {ERROR_ACCESS_DENIED, EACCES},
                                                       {ERROR_FILE_NOT_FOUND, ENOENT},
                                                       {ERROR_PATH_NOT_FOUND, ENOENT},
                                                       {ERROR_BAD_EXE_FORMAT, ENOEXEC},
                                                       {ERROR_EXE_MACHINE_TYPE_MISMATCH, ENOEXEC},
                                                       {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
                                                       {ERROR_TOO_MANY_OPEN_FILES, EMFILE}};
  const auto found = numbers.find(error);
  return found == numbers.end() ? ECONNRESET : found->second;
}

int descriptor_of_pipe(std::unique_ptr<PipeEnd> end) { return pipes().add(std::move(end)); }
int descriptor_of_process(HANDLE process) {
  return kProcess | static_cast<int>(reinterpret_cast<std::intptr_t>(process));
}

}  // namespace cgi

using namespace cgi;

// In place of that of the C library.
extern "C" int close(int fd) {
  if ((fd & kSocket) != 0) return ::closesocket(socket_of(fd));
  if ((fd & kProcess) != 0) return ::CloseHandle(process_of(fd)) ? 0 : fail(EBADF);
  if ((fd & kPipe) == 0) return ::_close(fd);
  close_pipe(pipes().take(fd));
  return 0;
}

int fstat(int file, struct stat* status) {
  return status_of(reinterpret_cast<HANDLE>(::_get_osfhandle(file)), *status);
}

int stat(const char* path, struct stat* status) {
  const UniqueHandle file =
      owned(::CreateFileW(name_of(path).c_str(), FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                          OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  return file ? status_of(file.get(), *status) : fail(errno_of(::GetLastError()));
}

int open(const char* path, int flags, int) {
  return ::_wopen(name_of(path).c_str(), flags | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
}

int unlink(const char* path) { return ::_wunlink(name_of(path).c_str()); }

int mkostemp(char* path, int) {
  static std::atomic<unsigned> count = 0;  // _wmktemp_s() makes 26 names only
  const std::wstring name =
      name_of(path) + L"." + std::to_wstring(::GetCurrentProcessId()) + L"." + std::to_wstring(++count);
  return ::_wopen(name.c_str(), _O_RDWR | _O_CREAT | _O_EXCL | _O_TEMPORARY | _O_BINARY | _O_NOINHERIT,
                  _S_IREAD | _S_IWRITE);
}

ssize_t read(int fd, void* octets, std::size_t size) {
  if ((fd & kSocket) != 0) return recv(fd, static_cast<char*>(octets), size, 0);
  if ((fd & kPipe) != 0) return read_from_pipe(fd, octets, size);
  return ::_read(fd, octets, static_cast<unsigned>(std::min<std::size_t>(size, INT_MAX)));
}

ssize_t write(int fd, const void* octets, std::size_t size) {
  if ((fd & kSocket) != 0) return send(fd, static_cast<const char*>(octets), size, 0);
  if ((fd & kPipe) != 0) return written_to_pipe(fd, octets, size);
  return ::_write(fd, octets, static_cast<unsigned>(std::min<std::size_t>(size, INT_MAX)));
}

ssize_t pread(int file, void* octets, std::size_t size, off_t at) {
  OVERLAPPED where{};
  where.Offset = static_cast<DWORD>(at);
  where.OffsetHigh = static_cast<DWORD>(at >> 32);
  DWORD count = 0;
  const auto handle = reinterpret_cast<HANDLE>(::_get_osfhandle(file));
  if (::ReadFile(handle, octets, static_cast<DWORD>(std::min<std::size_t>(size, INT_MAX)), &count, &where))
    return count;
  return ::GetLastError() == ERROR_HANDLE_EOF ? 0 : fail(EIO);
}

int ioctl(int pipe, long, int* count) {
  const auto end = pipes().find(pipe);
  if (!end) return fail(EBADF);
  *count = static_cast<int>(std::min<std::size_t>(end->available(), INT_MAX));
  return 0;
}

ssize_t recv(int socket, char* octets, std::size_t size, int flags) {
  const int wanted = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
  const int count = ::recv(socket_of(socket), octets, wanted, flags);
  return count < 0 ? fail_as_socket() : count;
}

ssize_t send(int socket, const char* octets, std::size_t size, int flags) {
  const int wanted = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
  const int count = ::send(socket_of(socket), octets, wanted, flags);
  return count < 0 ? fail_as_socket() : count;
}

int accept(int listener, sockaddr* address, int* length) {
  const SOCKET made = ::accept(socket_of(listener), address, length);
  return made == INVALID_SOCKET ? fail_as_socket() : kSocket | static_cast<int>(made);
}

int shutdown(int socket, int how) { return ::shutdown(socket_of(socket), how) < 0 ? fail_as_socket() : 0; }

int setsockopt(SOCKET socket, int level, int name, const int* value, std::size_t size) {
  const int option = level == SOL_SOCKET && name == SO_REUSEADDR ? SO_EXCLUSIVEADDRUSE : name;
  const auto* octets = reinterpret_cast<const char*>(value);
  return ::setsockopt(socket, level, option, octets, static_cast<int>(size)) < 0 ? fail_as_socket() : 0;
}

int fcntl(SOCKET socket, int command, int) {
  u_long on = 1;
  if (command != F_SETFL) return 0;
  return ::ioctlsocket(socket & ~static_cast<SOCKET>(kKinds), static_cast<long>(FIONBIO), &on) < 0 ? fail_as_socket()
                                                                                                   : 0;
}

int pipe(int* ends) {
  sockaddr_in address;
  int length = sizeof address;
  const SOCKET listener = loopback_socket(address);
  auto* const general = reinterpret_cast<sockaddr*>(&address);
  SOCKET from = INVALID_SOCKET, to = INVALID_SOCKET;
  if (::bind(listener, general, length) == 0 && ::listen(listener, 1) == 0 &&
      ::getsockname(listener, general, &length) == 0) {
    sockaddr_in own;
    to = loopback_socket(own);
    if (::connect(to, general, length) == 0) from = ::accept(listener, general, &length);
    // Another process may have been faster.
    if (::getsockname(to, reinterpret_cast<sockaddr*>(&own), &length) != 0 || own.sin_port != address.sin_port) {
      ::closesocket(std::exchange(from, INVALID_SOCKET));
    }
  }
  const int result = from == INVALID_SOCKET ? fail_as_socket() : 0;
  ::closesocket(listener);
  if (result < 0) {
    ::closesocket(to);
    return result;
  }
  ends[0] = kSocket | static_cast<int>(from);
  ends[1] = kSocket | static_cast<int>(to);
  return 0;
}

int poll(PollEntry* entries, std::size_t count, int wait) try {
  const std::span all(entries, count);
  const auto is_socket = [](const PollEntry& entry) { return entry.fd < 0 || (entry.fd & (kPipe | kProcess)) == 0; };
  if (std::ranges::all_of(all, is_socket)) return poll_sockets(all, wait);
  const auto end = wait < 0 ? Clock::time_point::max() : Clock::now() + milliseconds(wait);
  for (bool with_end = true;; with_end = false) {
    for (PollEntry& entry : all) look_at(entry);
    const auto ready = std::ranges::count_if(all, [](const PollEntry& entry) { return entry.revents != 0; });
    if (ready > 0 || Clock::now() >= end) return static_cast<int>(ready);
    // A client that has ended its side sets the event at once, again and again. So only the first wait asks for that.
    const milliseconds left = std::chrono::ceil<milliseconds>(end - Clock::now());
    wait_for_event(all, std::min(left, with_end ? kLongest : kLookAgain), with_end);
  }
} catch (const std::bad_alloc&) {
  return fail(ENOMEM);
}
