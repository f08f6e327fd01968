#pragma once
// A bounded queue between the callers of a store and its threads. After close() nothing enters and
// what is inside still comes out.
//
// Threads: any.

#include <chrono>
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
            if (jobs_.size() < awaited_) return true;
        }
        wake_.notify_one();
        return true;
    }

    // Waits for a job; then up to `limit` of them, oldest first. Empty: closed, and all is done.
    [[nodiscard]] std::vector<Job> pop(std::size_t limit) {
        std::unique_lock lock(mutex_);
        wait_for_a_job(lock);
        return taken(limit);
    }

    // The same, but where there are fewer than `worth` jobs it waits so long for others. For one
    // thread alone.
    [[nodiscard]] std::vector<Job> pop(std::size_t limit, std::size_t worth,
                                       std::chrono::microseconds patience) {
        std::unique_lock lock(mutex_);
        wait_for_a_job(lock);
        awaited_ = worth;
        wake_.wait_for(lock, patience, [&] { return closed_ || jobs_.size() >= worth; });
        awaited_ = 1;
        return taken(limit);
    }

    // Whether a job comes in this time, or the end does.
    [[nodiscard]] bool comes_within(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        return wake_.wait_for(lock, time, [this] { return closed_ || !jobs_.empty(); });
    }

    void close() {
        {
            std::lock_guard lock(mutex_);
            closed_ = true;
        }
        wake_.notify_all();
    }

  private:
    void wait_for_a_job(std::unique_lock<std::mutex>& lock) {
        wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    }

    // With the lock.
    std::vector<Job> taken(std::size_t limit) {
        std::vector<Job> jobs;
        while (!jobs_.empty() && jobs.size() < limit) {
            jobs.push_back(std::move(jobs_.front()));
            jobs_.pop_front();
        }
        return jobs;
    }

    std::size_t const jobs_max_;
    std::mutex mutex_;
    // Protected by mutex_.
    std::deque<Job> jobs_;
    std::size_t awaited_ = 1;  // a push that makes it fewer wakes nobody
    bool closed_ = false;

    std::condition_variable wake_;
};

}  // namespace meridian::store
