#pragma once
// Prometheus's text exposition format, version 0.0.4: families of samples with labels, in a bounded
// number of bytes. Pure; one thread at a time. Source: Prometheus's documentation, "Exposition
// formats".

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace meridian::telemetry {

inline constexpr std::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

using PrometheusLabel = std::pair<std::string_view, std::string_view>;

class PrometheusText {
  public:
    enum class Type { kCounter, kGauge, kHistogram };

    explicit PrometheusText(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Samples belong to the family that was begun last. `name` as it stands: a counter's ends in
    // _total.
    void family(std::string_view name, Type type, std::string_view help);
    // Of a value with a fraction, and of a count. A sample for which there is no room is left out,
    // whole; omitted() counts it.
    void sample(std::span<PrometheusLabel const> labels, double value,
                std::string_view suffix = {});
    void sample(std::span<PrometheusLabel const> labels, std::uint64_t value,
                std::string_view suffix = {});

    [[nodiscard]] std::uint64_t omitted() const noexcept { return omitted_; }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void line(std::span<PrometheusLabel const> labels, std::string_view value,
              std::string_view suffix);

    std::size_t const bytes_max_;
    std::string text_;
    std::string name_;
    std::uint64_t omitted_ = 0;
};

}  // namespace meridian::telemetry
