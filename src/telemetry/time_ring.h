#pragma once
// Buckets by time, oldest first, in a ring that uses its slots again: what has its size allocates
// no more. Only times with a bucket cost anything.
//
// A Bucket is default-constructible and movable and has `std::uint32_t time`, and `reset()`, which
// empties it and may keep its memory. Values; one thread at a time.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace meridian::telemetry {

template <typename Bucket>
class TimeRing {
  public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] Bucket& front() noexcept { return slot(0); }
    [[nodiscard]] Bucket const& operator[](std::size_t index) const noexcept {
        return slots_[(head_ + index) % slots_.size()];
    }

    // The bucket of `time`, made if there is none. Usually it is the newest.
    Bucket& at(std::uint32_t time) {
        if (size_ > 0 && slot(size_ - 1).time == time) return slot(size_ - 1);
        auto const index = lower_bound(time);
        if (index < size_ && slot(index).time == time) return slot(index);
        return insert(index, time);
    }

    void pop_front() {
        front().reset();
        head_ = (head_ + 1) % slots_.size();
        --size_;
        if (slots_.size() > kSlotsMin && size_ * 2 <= slots_.size())
            resize(std::max(kSlotsMin, size_ * 3 / 2));
    }

    // The first bucket that is not before `time`.
    [[nodiscard]] std::size_t lower_bound(std::uint32_t time) const noexcept {
        std::size_t low = 0, high = size_;
        while (low < high) {
            auto const middle = (low + high) / 2;
            if ((*this)[middle].time < time) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    // Slots in use and not.
    [[nodiscard]] std::vector<Bucket> const& slots() const noexcept { return slots_; }

  private:
    static constexpr std::size_t kSlotsMin = 4;

    [[nodiscard]] Bucket& slot(std::size_t index) noexcept {
        return slots_[(head_ + index) % slots_.size()];
    }

    Bucket& insert(std::size_t index, std::uint32_t time) {
        if (size_ == slots_.size()) resize(std::max(kSlotsMin, slots_.size() * 3 / 2));
        ++size_;
        // One that comes late moves those after it up.
        for (auto i = size_ - 1; i > index; --i) std::swap(slot(i), slot(i - 1));
        slot(index).time = time;
        return slot(index);
    }

    void resize(std::size_t slots) {
        std::vector<Bucket> moved(slots);
        for (std::size_t i = 0; i < size_; ++i) moved[i] = std::move(slot(i));
        slots_ = std::move(moved);
        head_ = 0;
    }

    std::vector<Bucket> slots_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace meridian::telemetry
