#include "telemetry/process_exposition.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace meridian::telemetry {
namespace {

using Type = PrometheusText::Type;

double seconds_of(timeval const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void expose_memory(PrometheusText& out) {
    // proc(5): statm is "size resident …", in pages.
    std::uint64_t size = 0, resident = 0;
    if (!(std::ifstream("/proc/self/statm") >> size >> resident)) return;
    auto const page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    out.family("process_resident_memory_bytes", Type::kGauge, "Resident memory size in bytes.");
    out.sample({}, resident * page);
    out.family("process_virtual_memory_bytes", Type::kGauge, "Virtual memory size in bytes.");
    out.sample({}, size * page);
}

void expose_files(PrometheusText& out) {
    std::error_code error;
    std::uint64_t open = 0;
    for (std::filesystem::directory_iterator files("/proc/self/fd", error), end;
         !error && files != end; files.increment(error)) {
        ++open;
    }
    if (error || open == 0) return;
    out.family("process_open_fds", Type::kGauge, "Number of open file descriptors.");
    out.sample({}, open - 1);  // the folder itself
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    out.family("process_max_fds", Type::kGauge, "Maximum number of open file descriptors.");
    out.sample({}, std::uint64_t{limit.rlim_cur});
}

}  // namespace

void expose_process(std::string_view version, WallTime started, PrometheusText& out) {
    out.family("meridian_build_info", Type::kGauge, "What this program is; always 1");
    std::array<PrometheusLabel, 1> const build{{{"version", version}}};
    out.sample(build, std::uint64_t{1});
    out.family("process_start_time_seconds", Type::kGauge,
               "Start time of the process since unix epoch in seconds.");
    out.sample({}, static_cast<double>(started.time_since_epoch().count()) / 1e6);
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0) {
        out.family("process_cpu_seconds_total", Type::kCounter,
                   "Total user and system CPU time spent in seconds.");
        out.sample({}, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
    }
    expose_memory(out);
    expose_files(out);
}

}  // namespace meridian::telemetry
