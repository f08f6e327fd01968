#include "io/blocking_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace meridian::io {

struct BlockingPool::State {
    Options options;

    std::mutex mutex;
    // Protected by mutex.
    std::deque<std::move_only_function<void()>> queue;
    bool stopping = false;

    std::condition_variable wake;
    std::vector<std::jthread> threads;

    void run() {
        for (;;) {
            std::move_only_function<void()> job;
            {
                std::unique_lock lock(mutex);
                wake.wait(lock, [&] { return stopping || !queue.empty(); });
                if (stopping) return;
                job = std::move(queue.front());
                queue.pop_front();
            }
            job();
        }
    }
};

BlockingPool::BlockingPool(Options options) : state_(std::make_unique<State>()) {
    state_->options = options;
    for (std::size_t i = 0; i < options.threads; ++i) {
        state_->threads.emplace_back([state = state_.get()] {
            // To go behind others is always allowed.
            if (state->options.niceness > 0)
                ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), state->options.niceness);
            state->run();
        });
    }
}

BlockingPool::~BlockingPool() {
    {
        std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    state_->threads.clear();
}

bool BlockingPool::submit(std::move_only_function<void()> job) {
    {
        std::lock_guard lock(state_->mutex);
        if (state_->stopping || state_->queue.size() >= state_->options.queue_jobs_max)
            return false;
        state_->queue.push_back(std::move(job));
    }
    state_->wake.notify_one();
    return true;
}

}  // namespace meridian::io
