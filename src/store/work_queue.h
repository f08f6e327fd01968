#pragma once
// A bounded queue between the callers of a store and its threads. After close() nothing enters and
// what is inside still comes out.
//
// Threads: any.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace meridian::store {

template <typename Job>
class WorkQueue {
  public:
    explicit WorkQueue(std::size_t jobs_max) : jobs_max_(jobs_max) {}

    // False when it is full or closed; `job` is then untouched.
    [[nodiscard]] bool push(Job& job) {
        {
            std::lock_guard lock(mutex_);
            if (closed_ || jobs_.size() >= jobs_max_) return false;
            jobs_.push_back(std::move(job));
        }
        wake_.notify_one();
        return true;
    }

    // Waits for a job; then up to `limit` of them, oldest first. Empty: closed, and all is done.
    [[nodiscard]] std::vector<Job> pop(std::size_t limit) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        std::vector<Job> taken;
        while (!jobs_.empty() && taken.size() < limit) {
            taken.push_back(std::move(jobs_.front()));
            jobs_.pop_front();
        }
        return taken;
    }

    void close() {
        {
            std::lock_guard lock(mutex_);
            closed_ = true;
        }
        wake_.notify_all();
    }

  private:
    std::size_t const jobs_max_;
    std::mutex mutex_;
    // Protected by mutex_.
    std::deque<Job> jobs_;
    bool closed_ = false;

    std::condition_variable wake_;
};

}  // namespace meridian::store
