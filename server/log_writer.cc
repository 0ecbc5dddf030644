#include "log_writer.h"

#include <chrono>
#include <new>
#include <thread>
#include <utility>

namespace cgi {
namespace {

constexpr auto kPause = std::chrono::milliseconds(2);  // between two writes: many lines cost one write
constexpr auto kPatience = std::chrono::seconds(1);    // at the end

}  // namespace

LogWriter::LogWriter(int fd, std::size_t limit, std::function<std::string(std::size_t)> lost) : limit_(limit) {
  std::thread([fd, queue = queue_, lost = std::move(lost)] { write_lines(fd, *queue, lost); }).detach();
}

void LogWriter::end() {
  std::unique_lock lock(queue_->mutex);
  if (std::exchange(queue_->closing, true)) return;
  queue_->changed.notify_all();
  queue_->changed.wait_for(lock, kPatience, [this] { return queue_->ended; });
}

void LogWriter::redirect(UniqueFd fd) {
  std::lock_guard lock(queue_->mutex);
  queue_->file = std::move(fd);
}

void LogWriter::add(std::string_view line) {
  std::lock_guard lock(queue_->mutex);
  if (queue_->lines.size() + line.size() > limit_) {
    ++queue_->dropped;
    return;
  }
  queue_->lines.append(line);
  if (queue_->waiting) queue_->changed.notify_all();
}

// If the log cannot be written, the server goes on without it.
void LogWriter::write_lines(int fd, Queue& queue, const std::function<std::string(std::size_t)>& lost) {
  std::unique_lock lock(queue.mutex);
  for (UniqueFd file;;) {
    queue.waiting = true;
    queue.changed.wait(lock, [&] { return queue.closing || !queue.lines.empty(); });
    queue.waiting = false;
    if (queue.lines.empty()) break;
    std::string lines = std::exchange(queue.lines, {});
    if (queue.file) file = std::move(queue.file);
    lock.unlock();
    write_all(file ? file.get() : fd, lines);
    lock.lock();
    try {
      if (queue.dropped > 0) queue.lines.append(lost(queue.dropped));
      queue.dropped = 0;
    } catch (const std::bad_alloc&) {  // tells later
    }
    // Does not wait if the server ends.
    queue.changed.wait_for(lock, kPause, [&] { return queue.closing; });
  }
  queue.ended = true;
  queue.changed.notify_all();
}

}  // namespace cgi
