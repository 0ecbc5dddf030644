#include "pipe.h"

#include <algorithm>
#include <atomic>
#include <cwchar>

namespace cgi {
namespace {

// No other process can guess the name in time: the pipe has one instance, which is taken at once.
std::wstring unused_name() {
  static std::atomic<unsigned> count = 0;
  LARGE_INTEGER now{};
  ::QueryPerformanceCounter(&now);
  return L"\\\\.\\pipe\\cgi-server." + std::to_wstring(::GetCurrentProcessId()) + L"." + std::to_wstring(++count) +
         L"." + std::to_wstring(now.QuadPart);
}

}  // namespace

std::unique_ptr<PipeEnd> PipeEnd::make(bool writes, UniqueHandle& script) {
  std::unique_ptr<PipeEnd> end(new PipeEnd);
  const std::wstring name = unused_name();
  const DWORD access = writes ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND;
  const DWORD size = static_cast<DWORD>(end->block_.size());
  end->reads_ = !writes;
  end->pipe_ = owned(::CreateNamedPipeW(name.c_str(), access | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                                        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
                                        size, size, 0, nullptr));
  if (!end->pipe_) return nullptr;
  SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
  script = owned(::CreateFileW(name.c_str(), writes ? GENERIC_READ : GENERIC_WRITE, 0, &inherited, OPEN_EXISTING,
                               FILE_ATTRIBUTE_NORMAL, nullptr));
  end->event_.reset(::CreateEventW(nullptr, TRUE, TRUE, nullptr));
  end->operation_.hEvent = end->event_.get();
  return script && end->event_ ? std::move(end) : nullptr;
}

// Looks at the operation that is under way. Returns the number of octets that it moved.
int PipeEnd::ended() {
  DWORD count = 0;
  if (::WaitForSingleObject(event_.get(), 0) == WAIT_TIMEOUT) return kPipeWaits;  // also lets wine finish it
  const bool done = ::GetOverlappedResult(pipe_.get(), &operation_, &count, FALSE);
  if (!done && ::GetLastError() == ERROR_IO_INCOMPLETE) return kPipeWaits;
  pending_ = false;
  broken_ = !done;
  return done ? static_cast<int>(count) : kPipeBroken;
}

// Returns whether something is there to read, or the pipe is broken.
bool PipeEnd::fill() {
  if (from_ < to_ || broken_) return true;
  if (!pending_) {
    from_ = to_ = 0;
    pending_ = ::ReadFile(pipe_.get(), block_.data(), static_cast<DWORD>(block_.size()), nullptr, &operation_) ||
               ::GetLastError() == ERROR_IO_PENDING;
    broken_ = !pending_;
    if (broken_) return true;
  }
  const int count = ended();
  if (count > 0) to_ = static_cast<std::size_t>(count);
  return count != kPipeWaits;
}

bool PipeEnd::is_ready() { return reads_ ? fill() : broken_ || !pending_ || ended() != kPipeWaits; }

std::size_t PipeEnd::available() {
  DWORD more = 0;
  fill();
  if (!::PeekNamedPipe(pipe_.get(), nullptr, 0, nullptr, &more, nullptr)) more = 0;
  return to_ - from_ + more;
}

int PipeEnd::read(std::string_view& octets, std::size_t limit) {
  if (!fill()) return kPipeWaits;
  octets = std::string_view(block_.data() + from_, std::min(limit, to_ - from_));
  from_ += octets.size();
  return octets.empty() && limit > 0 ? (broken_ ? kPipeBroken : kPipeWaits) : static_cast<int>(octets.size());
}

int PipeEnd::write(std::string_view octets) {
  if (!is_ready()) return kPipeWaits;
  if (broken_) return kPipeBroken;
  const DWORD count = static_cast<DWORD>(std::min(octets.size(), block_.size()));
  std::copy_n(octets.begin(), count, block_.begin());
  pending_ =
      ::WriteFile(pipe_.get(), block_.data(), count, nullptr, &operation_) || ::GetLastError() == ERROR_IO_PENDING;
  broken_ = !pending_;
  return pending_ ? static_cast<int>(count) : kPipeBroken;
}

PipeEnd::~PipeEnd() {
  DWORD count = 0;
  if (!pending_) return;
  ::CancelIoEx(pipe_.get(), &operation_);
  ::GetOverlappedResult(pipe_.get(), &operation_, &count, TRUE);
}

}  // namespace cgi
