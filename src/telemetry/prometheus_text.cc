#include "telemetry/prometheus_text.h"

#include <cmath>

#include <fmt/format.h>

namespace meridian::telemetry {
namespace {

std::string_view name_of(PrometheusText::Type type) {
    switch (type) {
        case PrometheusText::Type::kCounter:
            return "counter";
        case PrometheusText::Type::kGauge:
            return "gauge";
        case PrometheusText::Type::kHistogram:
            return "histogram";
    }
    return "untyped";
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (auto const c : text) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '"':
                out += quotes ? "\\\"" : "\"";
                break;
            default:
                out += c;
        }
    }
}

}  // namespace

void PrometheusText::family(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} ", name);
    append_escaped(text_, help, false);
    fmt::format_to(std::back_inserter(text_), "\n# TYPE {} {}\n", name, name_of(type));
}

void PrometheusText::sample(std::span<PrometheusLabel const> labels, double value,
                            std::string_view suffix) {
    if (std::isnan(value)) return line(labels, "NaN", suffix);
    if (std::isinf(value)) return line(labels, value > 0 ? "+Inf" : "-Inf", suffix);
    line(labels, fmt::format("{}", value), suffix);
}

void PrometheusText::sample(std::span<PrometheusLabel const> labels, std::uint64_t value,
                            std::string_view suffix) {
    line(labels, fmt::format_int(value).c_str(), suffix);
}

void PrometheusText::line(std::span<PrometheusLabel const> labels, std::string_view value,
                          std::string_view suffix) {
    auto const before = text_.size();
    text_.append(name_).append(suffix);
    char separator = '{';
    for (auto const& [name, text] : labels) {
        text_.push_back(separator);
        text_.append(name).append("=\"");
        append_escaped(text_, text, true);
        text_.push_back('"');
        separator = ',';
    }
    if (!labels.empty()) text_.push_back('}');
    text_.append(1, ' ').append(value).append(1, '\n');
    if (text_.size() <= bytes_max_) return;
    text_.resize(before);
    ++omitted_;
}

}  // namespace meridian::telemetry
