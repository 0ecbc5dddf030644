#include "descriptors.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <map>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "clock.h"
#include "pipe.h"
#include "unique_fd.h"
#include "unique_handle.h"
#include "wide.h"

namespace cgi {
namespace {

using std::chrono::milliseconds;

// The kind of a descriptor is a bit in it. A number without one is a file of the C library. Handles and sockets of
// Windows are small numbers: only 32 bits of them count, and they grow from 4.
constexpr int kSocket = 1 << 28, kPipe = 1 << 29, kProcess = 1 << 30;

constexpr milliseconds kLongest(60'000);
constexpr milliseconds kLookAgain(100);  // at a client that has ended its side: it may still break the connection

// The pipes by descriptor.
std::mutex pipes_mutex;
std::map<int, std::shared_ptr<PipeEnd>> pipes;  // guarded by pipes_mutex

SOCKET socket_of(SOCKET socket) { return socket & ~SOCKET{kSocket}; }
HANDLE process_of(int fd) { return reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(fd & ~kProcess)); }
HANDLE file_of(int fd) { return reinterpret_cast<HANDLE>(::_get_osfhandle(fd)); }

std::shared_ptr<PipeEnd> pipe_of(int fd) {
  std::lock_guard lock(pipes_mutex);
  const auto found = pipes.find(fd);
  return found == pipes.end() ? nullptr : found->second;
}

int fail(int error) {
  errno = error;
  return -1;
}

// Returns the result of a function of Winsock, and sets errno if the function has failed.
int checked(int result) { return result < 0 ? fail(errno_of(::WSAGetLastError())) : result; }

int as_descriptor(SOCKET made) { return checked(made == INVALID_SOCKET ? -1 : kSocket | static_cast<int>(made)); }

int clamped(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

// Lets a script read what is on its way to it. The rest goes on in a thread, which ends at the latest with the script.
void finish_writing(std::shared_ptr<PipeEnd> end) try {
  if (!end->is_writing()) return;
  std::thread([end] {
    while (end->is_writing()) ::WaitForSingleObject(end->event(), INFINITE);
  }).detach();
} catch (const std::exception&) {  // no thread: the script gets a part
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

bool is_socket(const PollEntry& entry) { return entry.fd >= 0 && (entry.fd & (kPipe | kProcess)) == 0; }
bool is_process(const PollEntry& entry) { return entry.fd >= 0 && (entry.fd & kProcess) != 0; }

// Waits for the sockets among the entries, and not for the others.
int poll_sockets(std::span<PollEntry> entries, int wait) {
  std::vector<WSAPOLLFD> sockets;
  for (const PollEntry& entry : entries) {
    sockets.push_back({is_socket(entry) ? socket_of(entry.fd) : INVALID_SOCKET, entry.events, 0});
  }
  const bool any = std::ranges::any_of(entries, is_socket);  // WSAPoll() refuses to wait for none
  if (any && ::WSAPoll(sockets.data(), static_cast<ULONG>(sockets.size()), wait) < 0) return checked(-1);
  if (!any) ::Sleep(static_cast<DWORD>(wait));
  int count = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const int asked = entries[i].events | POLLERR | POLLHUP | POLLNVAL;
    const int state = is_socket(entries[i]) ? state_of_socket(sockets[i].fd, sockets[i].revents) : 0;
    entries[i].revents = static_cast<short>(state & asked);
    if (entries[i].revents != 0) ++count;
  }
  // A client that has ended its side would end each wait at once, also if the server only waits to send.
  if (count == 0 && wait != 0) ::Sleep(10);
  return count;
}

// Waits for an event of any entry. At most one of them is a socket. Windows waits for at most 64.
void wait_for_event(std::span<PollEntry> entries, milliseconds wait, bool with_end) {
  // Each wait makes its own event: GCC for Windows destroys thread_local objects after their memory is gone.
  const UniqueHandle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  std::vector<HANDLE> handles = {event.get()};
  std::vector<std::shared_ptr<PipeEnd>> ends;
  SOCKET socket = INVALID_SOCKET;
  for (const PollEntry& entry : entries) {
    if (is_socket(entry)) {  // WSAEventSelect() sets the event at once if something has happened before
      const long reading = (entry.events & POLLIN) != 0 ? FD_READ | FD_ACCEPT | FD_CLOSE : 0;
      const long writing = (entry.events & POLLOUT) != 0 ? FD_WRITE : 0;
      socket = socket_of(entry.fd);
      ::WSAEventSelect(socket, event.get(), reading | writing | (with_end ? FD_CLOSE : 0));
    } else if (is_process(entry)) {
      handles.push_back(process_of(entry.fd));
    } else if (const auto end = pipe_of(entry.fd)) {
      handles.push_back(ends.emplace_back(end)->event());
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
  status.st_dev = about.dwVolumeSerialNumber;
  status.st_ino = static_cast<ino_t>(about.nFileIndexLow);
  status.st_mode = (about.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? S_IFDIR | 0555U : S_IFREG | 0444U;
  status.st_size = static_cast<off_t>(static_cast<std::uint64_t>(about.nFileSizeHigh) << 32 | about.nFileSizeLow);
  status.st_mtim = time_of(about.ftLastWriteTime);
  status.st_ctim = time_of(about.ftCreationTime);
  return 0;
}

// Returns `path` in characters; an empty text, which names no file, if it is not UTF-8.
std::wstring name_of(const char* path) { return wide(path).value_or(L""); }

}  // namespace

int errno_of(unsigned long error) {
  constexpr unsigned long kElevationRequired = 740, kVirusInfected = 225;  // winerror.h of mingw-w64 lacks them
  const auto is = [error](std::initializer_list<unsigned long> known) { return std::ranges::count(known, error) > 0; };
  if (is({ERROR_SUCCESS})) return 0;
  if (is({WSAEWOULDBLOCK})) return EAGAIN;
  if (is({WSAEMFILE, ERROR_TOO_MANY_OPEN_FILES})) return EMFILE;
  if (is({WSAEADDRINUSE})) return EADDRINUSE;
  if (is({WSAEADDRNOTAVAIL})) return EADDRNOTAVAIL;
  if (is({WSAEINVAL})) return EINVAL;
  if (is({WSAEACCES, ERROR_ACCESS_DENIED, kElevationRequired, kVirusInfected})) return EACCES;
  if (is({ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND})) return ENOENT;
  if (is({ERROR_BAD_EXE_FORMAT, ERROR_EXE_MACHINE_TYPE_MISMATCH, ERROR_INVALID_NAME})) return ENOEXEC;
  if (is({ERROR_FILENAME_EXCED_RANGE})) return E2BIG;
  if (is({WSAENOBUFS, ERROR_NOT_ENOUGH_MEMORY})) return ENOMEM;
  return ECONNRESET;
}

int descriptor_of_pipe(std::unique_ptr<PipeEnd> end) {
  static int last = kPipe;  // guarded by pipes_mutex
  std::lock_guard lock(pipes_mutex);
  do last = kPipe | (last + 1) % kSocket;
  while (pipes.contains(last));
  pipes.emplace(last, std::move(end));
  return last;
}

int descriptor_of_process(HANDLE process) {
  return kProcess | static_cast<int>(reinterpret_cast<std::intptr_t>(process));
}

}  // namespace cgi

using namespace cgi;

// In place of that of the C library.
extern "C" int close(int fd) {
  if ((fd & kSocket) != 0) return ::closesocket(socket_of(fd));
  if ((fd & kProcess) != 0) return 0;
  if ((fd & kPipe) == 0) return ::_close(fd);
  std::unique_lock lock(pipes_mutex);
  const auto pipe = pipes.extract(fd);
  lock.unlock();
  if (pipe) finish_writing(pipe.mapped());
  return 0;
}

int fstat(int file, struct stat* status) { return status_of(file_of(file), *status); }

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
  const std::string name = path + ("." + std::to_string(::GetCurrentProcessId())) + "." + std::to_string(++count);
  return open(name.c_str(), _O_RDWR | _O_CREAT | _O_EXCL | _O_TEMPORARY, 0);
}

ssize_t read(int fd, void* octets, std::size_t size) {
  if ((fd & kSocket) != 0) return recv(fd, static_cast<char*>(octets), size, 0);
  if ((fd & kPipe) == 0) return ::_read(fd, octets, clamped(size));
  const auto end = pipe_of(fd);
  if (!end) return fail(EBADF);
  std::string_view there;
  if (end->read(there, size) == kPipeWaits) return fail(EAGAIN);
  std::copy(there.begin(), there.end(), static_cast<char*>(octets));
  return static_cast<ssize_t>(there.size());
}

ssize_t write(int fd, const void* octets, std::size_t size) {
  if ((fd & kSocket) != 0) return send(fd, static_cast<const char*>(octets), size, 0);
  if ((fd & kPipe) == 0) return ::_write(fd, octets, clamped(size));
  const auto end = pipe_of(fd);
  if (!end) return fail(EBADF);
  const int count = end->write({static_cast<const char*>(octets), size});
  return count >= 0 ? count : fail(count == kPipeWaits ? EAGAIN : EPIPE);
}

ssize_t pread(int file, void* octets, std::size_t size, off_t at) {
  OVERLAPPED where{};
  where.Offset = static_cast<DWORD>(at);
  where.OffsetHigh = static_cast<DWORD>(at >> 32);
  DWORD count = 0;
  if (::ReadFile(file_of(file), octets, clamped(size), &count, &where)) return count;
  return ::GetLastError() == ERROR_HANDLE_EOF ? 0 : fail(EIO);
}

int ioctl(int pipe, long, int* count) {
  const auto end = pipe_of(pipe);
  if (!end) return fail(EBADF);
  *count = clamped(end->available());
  return 0;
}

ssize_t recv(int socket, char* octets, std::size_t size, int flags) {
  return checked(::recv(socket_of(socket), octets, clamped(size), flags));
}

ssize_t send(int socket, const char* octets, std::size_t size, int flags) {
  return checked(::send(socket_of(socket), octets, clamped(size), flags));
}

int accept(int listener, sockaddr* address, int* length) {
  return as_descriptor(::accept(socket_of(listener), address, length));
}

int shutdown(int socket, int how) { return checked(::shutdown(socket_of(socket), how)); }

int setsockopt(SOCKET socket, int level, int name, const int* value, std::size_t size) {
  const int option = level == SOL_SOCKET && name == SO_REUSEADDR ? SO_EXCLUSIVEADDRUSE : name;
  const auto* octets = reinterpret_cast<const char*>(value);
  return checked(::setsockopt(socket, level, option, octets, static_cast<int>(size)));
}

int fcntl(SOCKET socket, int command, int flags) {
  u_long on = 1;
  if (command != F_SETFL || flags != O_NONBLOCK) return 0;
  return checked(::ioctlsocket(socket_of(socket), static_cast<long>(FIONBIO), &on));
}

int pipe(int* ends) {
  const UniqueFd listener(as_descriptor(::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
  UniqueFd to(as_descriptor(::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
  const SOCKET listening = socket_of(listener.get()), writing = socket_of(to.get());
  sockaddr_in address{}, own{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const general = reinterpret_cast<sockaddr*>(&address);
  int length = sizeof address;
  if (::bind(listening, general, length) < 0 || ::listen(listening, 1) < 0 ||
      ::getsockname(listening, general, &length) < 0 || ::connect(writing, general, length) < 0) {
    return checked(-1);
  }
  UniqueFd from(accept(listener.get(), general, &length));
  if (!from || ::getsockname(writing, reinterpret_cast<sockaddr*>(&own), &length) < 0) return checked(-1);
  if (own.sin_port != address.sin_port) return fail(ECONNRESET);  // another process was faster
  ends[0] = from.release();
  ends[1] = to.release();
  return 0;
}

int poll(PollEntry* entries, std::size_t count, int wait) try {
  if (count == 1 && entries->fd >= 0 && entries->fd <= 2) {  // a file of the C library is always ready
    entries->revents = entries->events;
    return 1;
  }
  const std::span all(entries, count);
  const auto is_other = [](const PollEntry& entry) { return entry.fd >= 0 && !is_socket(entry); };
  if (std::ranges::none_of(all, is_other)) return poll_sockets(all, wait);
  const auto deadline = wait < 0 ? Clock::time_point::max() : Clock::now() + milliseconds(wait);
  for (bool with_end = true;; with_end = false) {
    int ready = poll_sockets(all, 0);
    for (PollEntry& entry : all) {
      const auto pipe = pipe_of(entry.fd);
      const bool is_over = is_process(entry) && ::WaitForSingleObject(process_of(entry.fd), 0) == WAIT_OBJECT_0;
      if (!is_over && (!pipe || !pipe->is_ready())) continue;
      entry.revents = entry.events;
      ++ready;
    }
    if (ready > 0 || Clock::now() >= deadline) return ready;
    // A client that has ended its side sets the event at once, again and again. So only the first wait asks for that.
    const milliseconds left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    wait_for_event(all, std::min(left, with_end ? kLongest : kLookAgain), with_end);
  }
} catch (const std::bad_alloc&) {
  return fail(ENOMEM);
}
