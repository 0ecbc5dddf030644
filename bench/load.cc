#include "load.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>

namespace cgi::bench {
namespace {

constexpr std::uint64_t kHopeless = 100;  // failures without one answer: no server is there
constexpr Nanoseconds kLookAround = std::chrono::milliseconds(200);

double thread_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Load {
 public:
  explicit Load(const LoadPlan& plan) : plan_(plan), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    result_.latencies.reserve(plan.requests);  // 0 if the number is not known
    for (int i = 0; i < plan.clients; ++i) clients_.push_back(std::make_unique<Client>(epoll_.get(), plan_.address));
    for (const auto& client : clients_) idle_.push_back(client.get());
  }

  LoadResult run() {
    const double cpu_before = thread_cpu_seconds();
    began_ = looked_ = Clock::now();
    while (true) {
      send_what_is_due();
      if (is_hopeless() || (done_ == begun_ && !may_begin(Clock::now()))) break;
      wait();
    }
    const auto elapsed = Clock::now() - began_;
    result_.cpu_share = (thread_cpu_seconds() - cpu_before) / std::max(seconds(elapsed), 1e-9);
    if (!is_over_) result_.seconds = seconds(elapsed);
    result_.asked = done_;
    for (const auto& client : clients_) result_.connections += client->connections();
    return std::move(result_);
  }

 private:
  static double seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }
  bool is_open_loop() const { return plan_.rate > 0; }
  bool is_limited() const { return plan_.duration > Nanoseconds::zero(); }
  bool may_begin(Clock::time_point now) const {
    if (plan_.requests > 0 && begun_ >= plan_.requests) return false;
    if (plan_.over != nullptr && plan_.over->load()) return false;
    // The open loop sends each request that was due in the time, however late.
    return !is_limited() || (is_open_loop() ? due(begun_) : now) < began_ + plan_.duration;
  }
  bool is_hopeless() const { return result_.failed >= kHopeless && result_.failed == done_; }

  Clock::time_point due(std::uint64_t number) const {
    return began_ + std::chrono::duration_cast<Nanoseconds>(
                        std::chrono::duration<double>(static_cast<double>(number) / plan_.rate));
  }

  void send_what_is_due() {
    while (!idle_.empty()) {
      const auto now = Clock::now();
      if (!may_begin(now)) return;
      const auto when = is_open_loop() ? due(begun_) : now;
      if (when > now) return;
      Client& client = *idle_.back();
      idle_.pop_back();
      begin(client, when, now);
      if (is_hopeless()) return;
    }
  }

  void begin(Client& client, Clock::time_point when, Clock::time_point now) {
    const Shot& shot = plan_.round[begun_++ % plan_.round.size()];
    if (client.begin(shot, when, now) == Client::Progress::kDone) count(client);
  }

  // Counts a finished exchange. In the closed loop the next one begins in send_what_is_due().
  void count(Client& client) {
    ++done_;
    idle_.push_back(&client);
    if (!client.failure().empty()) {
      ++result_.failed;
      if (result_.first_failure.empty()) result_.first_failure = client.failure();
      return;
    }
    const std::string verdict = client.verdict();
    if (!verdict.empty()) {
      ++result_.wrong;
      if (result_.first_wrong.empty()) result_.first_wrong = verdict;
      return;
    }
    const auto now = Clock::now();
    result_.latencies.add(now - client.due());
    if (is_over_) return;
    ++result_.in_time;
    result_.octets += client.octets();
    is_over_ = is_limited() && now >= began_ + plan_.duration;
    if (is_over_) result_.seconds = seconds(now - began_);
  }

  void wait() {
    const int ready =
        ::epoll_pwait2(epoll_.get(), events_.data(), static_cast<int>(events_.size()), &patience(), nullptr);
    for (int i = 0; i < ready; ++i) {
      auto& client = *static_cast<Client*>(events_[static_cast<std::size_t>(i)].data.ptr);
      if (client.go_on(events_[static_cast<std::size_t>(i)].events) == Client::Progress::kDone) {
        count(client);
        send_what_is_due();  // at once: the server must not wait for the other events
      }
    }
    if (const auto now = Clock::now(); now - looked_ >= kLookAround) {
      looked_ = now;
      abandon_late(now);
    }
  }

  // Returns the time until the next request is due, if a client is free to send it.
  const timespec& patience() {
    Nanoseconds wait = kLookAround;
    if (is_open_loop() && !idle_.empty() && may_begin(Clock::now())) {
      wait = std::clamp<Nanoseconds>(due(begun_) - Clock::now(), Nanoseconds::zero(), kLookAround);
    }
    patience_.tv_sec = 0;
    patience_.tv_nsec = wait.count();
    return patience_;
  }

  void abandon_late(Clock::time_point now) {
    for (const auto& client : clients_) {
      if (client->is_idle() || now - client->begun() < plan_.timeout) continue;
      client->abandon("no complete answer in time");
      count(*client);
    }
  }

  const LoadPlan& plan_;
  UniqueFd epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> idle_;
  std::array<epoll_event, 64> events_{};
  timespec patience_{};
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  bool is_over_ = false;  // the time for the throughput
  Clock::time_point began_;
  Clock::time_point looked_;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(const LoadPlan& plan) { return Load(plan).run(); }

}  // namespace cgi::bench
