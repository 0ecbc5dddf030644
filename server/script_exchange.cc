#include "script_exchange.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace cgi {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr auto kFirstFlush = std::chrono::milliseconds(5);  // of the status line, ahead of a slow script
constexpr auto kSettle = std::chrono::milliseconds(2);      // from the first output on, to see whether that was all
constexpr auto kHalfClosedSilence = std::chrono::seconds(5);
constexpr auto kMercy = std::chrono::milliseconds(200);  // between SIGTERM and SIGKILL
constexpr auto kSendStall = std::chrono::seconds(30);

class Exchange {
 public:
  Exchange(Connection& client, Script& script, RequestBody& body, ResponseWriter& response, Clock::time_point deadline)
      : client_(client), script_(script), body_(body), response_(response), deadline_(deadline) {}

  ExchangeResult run() {
    while (!over()) {
      wait();
      if (!read_client()) return end_script(ExchangeEnd::kClientGone);
      feed_script();
      read_script();
      if (!write_client()) return end_script(ExchangeEnd::kClientGone);
      if (response_.gives_up()) return end_script(ExchangeEnd::kGivenUp);
      if (Clock::now() >= deadline_) return end_script(ExchangeEnd::kTimeout);
      if (client_is_silent()) return end_script(ExchangeEnd::kClientGone);
    }
    return {ExchangeEnd::kDone, script_.reap()};
  }

 private:
  bool over() const { return script_ended_ && !script_.output() && outgoing_.empty(); }

  // Sleeps until something can be done, at most until the next deadline.
  void wait() {
    const bool wants_body = body_.from_client() > 0 && script_.input() && body_.next(client_).empty();
    const bool has_body = script_.input() && !body_.next(client_).empty();
    const bool wants_output = script_.output() && outgoing_.size() + response_.held() < 4 * kBlock;
    auto events = [](bool in, bool out) { return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0)); };

    entries_ = {{{client_.socket(), events(wants_body && !client_ended_, !outgoing_.empty()), 0},
                 {has_body ? script_.input().get() : -1, POLLOUT, 0},
                 {wants_output ? script_.output().get() : -1, POLLIN, 0},
                 {script_ended_ ? -1 : script_.ended_fd(), POLLIN, 0}}};
    if (!client_ended_) entries_[0].events |= POLLRDHUP;

    auto until = std::min(deadline_, stalled_at_);
    if (flush_at_ > Clock::now()) until = std::min(until, flush_at_);
    if (client_ended_) until = std::min(until, last_output_ + kHalfClosedSilence);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (::poll(entries_.data(), entries_.size(), static_cast<int>(std::clamp<long>(left, 0, 60'000))) < 0) {
      for (pollfd& entry : entries_) entry.revents = 0;  // EINTR: look at the clock, then wait again
    }
  }

  // Takes body octets in; false if the connection is broken.
  bool read_client() {
    const short happened = entries_[0].revents;
    if ((happened & (POLLERR | POLLHUP | POLLNVAL)) != 0) return false;
    if ((happened & POLLIN) != 0 && body_.from_client() > 0) {
      const Fill result = client_.fill_now(kBlock);
      if (result == Fill::kBroken) return false;
      if (result == Fill::kEnd) note_client_end();
    } else if ((happened & POLLRDHUP) != 0 && body_.from_client() == 0) {
      note_client_end();
    }
    return true;
  }

  void note_client_end() {
    client_ended_ = true;
    last_output_ = Clock::now();
    // A body that ends early ends for the script, too: it sees fewer octets than CONTENT_LENGTH says.
    if (body_.from_client() > 0) body_.cut();
  }

  // Hands on what the script takes, and ends its input after the last octet.  cgi-53, cgi-54.
  void feed_script() {
    if (!script_.input()) return;
    for (std::string_view octets = body_.next(client_); !octets.empty(); octets = body_.next(client_)) {
      const ssize_t count = ::write(script_.input().get(), octets.data(), octets.size());
      if (count > 0) {
        body_.consume(client_, static_cast<std::size_t>(count));
        continue;
      }
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      script_.input().reset();  // EPIPE: it wants no more, and need not (cgi-55)
      return;
    }
    if (body_.finished() || client_ended_) script_.input().reset();
  }

  void read_script() {
    if (entries_[3].revents != 0) script_ended_ = true;
    while (script_.output() && outgoing_.size() + response_.held() < 4 * kBlock) {
      const ssize_t count = ::read(script_.output().get(), block_.data(), block_.size());
      if (count > 0) {
        response_.take({block_.data(), static_cast<std::size_t>(count)});
        last_output_ = Clock::now();
        if (!std::exchange(has_output_, true)) flush_at_ = last_output_ + kSettle;
        continue;
      }
      if (count < 0 && errno == EINTR) continue;
      // Nothing there: that is the end if every writer is gone, or if the script itself is.
      if (count == 0 || errno != EAGAIN || script_ended_) {
        script_.output().reset();
        response_.finish();
      }
      return;
    }
  }

  // Sends; false if the connection is broken, or the client has taken nothing for too long.
  bool write_client() {
    if (!script_.output() || response_.held() >= kBlock || Clock::now() >= flush_at_) {
      if (outgoing_.empty()) {
        outgoing_ = response_.flush();
      } else {
        outgoing_.append(response_.flush());
      }
    }
    while (!outgoing_.empty()) {
      const ssize_t count = client_.send_now(outgoing_);
      if (count < 0) return false;
      if (count == 0) break;
      outgoing_.erase(0, static_cast<std::size_t>(count));
      stalled_at_ = Clock::time_point::max();
    }
    if (outgoing_.empty()) {
      stalled_at_ = Clock::time_point::max();
    } else if (stalled_at_ == Clock::time_point::max()) {
      stalled_at_ = Clock::now() + kSendStall;
    }
    return Clock::now() < stalled_at_;
  }

  bool client_is_silent() const { return client_ended_ && Clock::now() >= last_output_ + kHalfClosedSilence; }

  // Asks the script's group to end, then ends it.
  ExchangeResult end_script(ExchangeEnd end) {
    script_.input().reset();
    script_.signal_group(SIGTERM);
    pollfd ended{script_.ended_fd(), POLLIN, 0};
    ::poll(&ended, 1, static_cast<int>(kMercy.count()));
    script_.signal_group(SIGKILL);
    return {end, script_.reap()};
  }

  Connection& client_;
  Script& script_;
  RequestBody& body_;
  ResponseWriter& response_;
  const Clock::time_point deadline_;
  Clock::time_point flush_at_ = Clock::now() + kFirstFlush;  // what is ready goes out from then on

  std::array<pollfd, 4> entries_{};  // client, script input, script output, script's end
  std::array<char, kBlock> block_;
  std::string outgoing_;       // what the client has not taken yet
  bool has_output_ = false;    // the script has said something
  bool client_ended_ = false;  // the client sends no more
  bool script_ended_ = false;  // the script itself, if not what it started
  Clock::time_point last_output_ = Clock::now();
  Clock::time_point stalled_at_ = Clock::time_point::max();  // when a client that takes nothing counts as gone
};

}  // namespace

ExchangeResult run_exchange(Connection& client, Script& script, RequestBody& body, ResponseWriter& response,
                            Clock::time_point deadline) {
  return Exchange(client, script, body, response, deadline).run();
}

}  // namespace cgi
