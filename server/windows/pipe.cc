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

// Notes whether an operation goes on in the background, or is over already.
void PipeEnd::begin(bool has_begun) {
  pending_ = has_begun || ::GetLastError() == ERROR_IO_PENDING;
  broken_ = !pending_;
}

bool PipeEnd::is_ready() {
  if (broken_ || !arrived_.empty()) return true;
  if (reads_ && !pending_) {
    begin(::ReadFile(pipe_.get(), block_.data(), static_cast<DWORD>(block_.size()), nullptr, &operation_));
  }
  if (!pending_) return true;
  if (::WaitForSingleObject(event_.get(), 0) == WAIT_TIMEOUT) return false;  // also lets wine finish it
  DWORD count = 0;
  const bool done = ::GetOverlappedResult(pipe_.get(), &operation_, &count, FALSE);
  if (!done && ::GetLastError() == ERROR_IO_INCOMPLETE) return false;
  pending_ = false;
  broken_ = !done;
  if (reads_ && done) arrived_ = {block_.data(), count};
  return true;
}

std::size_t PipeEnd::available() {
  DWORD more = 0;
  is_ready();
  if (!::PeekNamedPipe(pipe_.get(), nullptr, 0, nullptr, &more, nullptr)) more = 0;
  return arrived_.size() + more;
}

int PipeEnd::read(std::string_view& octets, std::size_t limit) {
  if (!is_ready()) return kPipeWaits;
  octets = arrived_.substr(0, limit);
  arrived_.remove_prefix(octets.size());
  return octets.empty() && limit > 0 ? (broken_ ? kPipeBroken : kPipeWaits) : static_cast<int>(octets.size());
}

int PipeEnd::write(std::string_view octets) {
  if (!is_ready()) return kPipeWaits;
  if (broken_) return kPipeBroken;
  const DWORD count = static_cast<DWORD>(std::min(octets.size(), block_.size()));
  std::copy_n(octets.begin(), count, block_.begin());
  begin(::WriteFile(pipe_.get(), block_.data(), count, nullptr, &operation_));
  return pending_ ? static_cast<int>(count) : kPipeBroken;
}

PipeEnd::~PipeEnd() {
  DWORD count = 0;
  if (!pending_) return;
  ::CancelIoEx(pipe_.get(), &operation_);
  ::GetOverlappedResult(pipe_.get(), &operation_, &count, TRUE);
}

}  // namespace cgi
