// The calls of POSIX that the server makes, on Windows.
//
// There, sockets, pipes, processes and files are different things with different functions. Here each one is a
// descriptor: a number that tells its kind. So the sources that serve a request are the same on every system. The
// headers in posix/ have the names of those of POSIX, and lead here. As there, a call that fails sets errno, and a pipe
// or a socket never waits: EAGAIN.
#pragma once

#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstddef>
#include <ctime>
#include <memory>

// The C library of Windows has types and functions of these names, which know neither directories nor characters beyond
// the code page.
#undef stat
#undef fstat
#undef st_mtime
#undef st_ctime
struct FileStatus {
  dev_t st_dev;
  ino_t st_ino;  // only a part of it
  unsigned st_mode;
  off_t st_size;
  timespec st_mtim, st_ctim;
};
#define stat FileStatus
#define st_mtime st_mtim.tv_sec
#define st_ctime st_ctim.tv_sec
int fstat(int file, struct stat* status);
int stat(const char* path, struct stat* status);
int open(const char* path, int flags, int mode);
int unlink(const char* path);
// Makes a temporary file that the system removes once it is closed.
int mkostemp(char* path, int flags);

// winsock2.h has a type of this name, for sockets only.
struct PollEntry {
  int fd;  // negative: ignored
  short events;
  short revents;
};
#define pollfd PollEntry
using nfds_t = std::size_t;

// Waits for sockets, pipes and processes, as poll() does. A process is ready for reading once it has ended.
int poll(PollEntry* entries, std::size_t count, int milliseconds);

ssize_t read(int fd, void* octets, std::size_t size);
ssize_t write(int fd, const void* octets, std::size_t size);
ssize_t pread(int file, void* octets, std::size_t size, off_t at);
// Gives the number of octets that a pipe holds (FIONREAD).
int ioctl(int pipe, long request, int* count);

// A socket may also be given by its number on Windows.
ssize_t recv(int socket, char* octets, std::size_t size, int flags);
ssize_t send(int socket, const char* octets, std::size_t size, int flags);
int accept(int listener, sockaddr* address, int* length);
int shutdown(int socket, int how);
// SO_REUSEADDR would let another process steal the port on Windows, so it sets SO_EXCLUSIVEADDRUSE here.
// rule: windows/port-belongs-to-one-server
int setsockopt(SOCKET socket, int level, int name, const int* value, std::size_t size);
// Makes a socket non-blocking (F_SETFL, O_NONBLOCK). No script inherits a descriptor, so F_SETFD has nothing to do.
int fcntl(SOCKET socket, int command, int flags);
// Makes a connected pair, in place of a pipe between threads of the server.
int pipe(int* ends);

inline constexpr int SHUT_WR = SD_SEND, SHUT_RDWR = SD_BOTH;
inline constexpr int F_SETFD = 2, F_SETFL = 4, FD_CLOEXEC = 1;
inline constexpr int MSG_NOSIGNAL = 0;  // there are no signals
inline constexpr int O_NONBLOCK = 0, O_CLOEXEC = _O_NOINHERIT, O_NOFOLLOW = 0, O_NOCTTY = 0;

namespace cgi {

class PipeEnd;

// Makes a descriptor of a pipe, which close() closes.
int descriptor_of_pipe(std::unique_ptr<PipeEnd> end);
// Makes a descriptor of a process, which close() leaves to the owner of the handle.
int descriptor_of_process(HANDLE process);

// Returns the errno for an error of Winsock or of Windows.
int errno_of(unsigned long error);

}  // namespace cgi
