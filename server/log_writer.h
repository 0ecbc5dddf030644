// Writes the log from a thread of its own, so that an answer never waits for a reader of the log.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "unique_fd.h"

namespace cgi {

class LogWriter {  // rule: log/full-pipe-stops-nothing
 public:
  // Writes to `fd`. At most `limit` octets wait; lines beyond it are dropped and counted. Once the log can be written
  // again, the line that `lost` makes of their number follows.
  LogWriter(int fd, std::size_t limit, std::function<std::string(std::size_t)> lost);
  ~LogWriter() { end(); }

  // Writes to `fd` from now on, and closes it at the end.
  void redirect(UniqueFd fd);
  // Writes what waits, for at most a second. Nothing may be added later.
  void end();
  // Queues `line`, which ends with LF. Any thread may call this.
  void add(std::string_view line);

 private:
  // The thread shares it: a write to a full pipe may outlive this object.
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::string lines;
    UniqueFd file;  // if not empty, it replaces `fd`
    std::size_t dropped = 0;
    bool waiting = false;  // the thread has nothing to write
    bool closing = false;
    bool ended = false;
  };
  static void write_lines(int fd, Queue& queue, const std::function<std::string(std::size_t)>& lost);

  const std::size_t limit_;
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

}  // namespace cgi
