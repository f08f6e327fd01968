#include "store/folder_code_store.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <map>
#include <set>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "io/one_shot.h"
#include "model/limits.h"
#include "store/code_folder.h"
#include "store/zip_archive.h"

namespace meridian::store {
namespace {

Result<std::string> hex_of(model::CodeSha256 const& sha256) {
    auto const digest = from_base64(sha256.value());
    if (!digest || digest->size() != sizeof(crypto::Sha256Digest)) {
        return fail(Errc::kResourceNotFound, fmt::format("There is no package {}.", sha256));
    }
    return to_hex(*digest);
}

Result<io::UniqueFd> duplicate(io::UniqueFd const& fd) {
    io::UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.valid())
        return fail(Errc::kIo,
                    fmt::format("Cannot duplicate a directory: {}", std::strerror(errno)));
    return copy;
}

// Packages whose directories are open, the least recently used last.
class OpenPackages {
  public:
    explicit OpenPackages(Clock const& clock) : clock_(clock) {}

    // Nothing if it is not open.
    [[nodiscard]] io::UniqueFd const* find(std::string const& hex) {
        auto const found = by_hex_.find(hex);
        if (found == by_hex_.end()) return nullptr;
        order_.splice(order_.begin(), order_, found->second);
        found->second->last_used = clock_.monotonic_now();
        return &found->second->directory;
    }

    void insert(std::string const& hex, io::UniqueFd directory) {
        erase(hex);
        order_.push_front({hex, std::move(directory), clock_.monotonic_now()});
        by_hex_[hex] = order_.begin();
        if (order_.size() > kOpenPackagesMax) erase(std::string(order_.back().hex));
    }

    // Closes what is not in `used` and was not asked for lately; adds the rest to `used`.
    void close_unused(std::set<std::string>& used) {
        auto const now = clock_.monotonic_now();
        for (auto at = order_.begin(); at != order_.end();) {
            auto const& package = *at++;
            if (used.contains(package.hex)) continue;
            if (now - package.last_used < kUnusedPackageLifetime) {
                used.insert(package.hex);
            } else {
                erase(std::string(package.hex));
            }
        }
    }

  private:
    struct Package {
        std::string hex;
        io::UniqueFd directory;
        MonotonicTime last_used;
    };

    void erase(std::string const& hex) {
        auto const found = by_hex_.find(hex);
        if (found == by_hex_.end()) return;
        order_.erase(found->second);
        by_hex_.erase(found);
    }

    std::list<Package> order_;
    std::map<std::string, std::list<Package>::iterator> by_hex_;
    Clock const& clock_;
};

}  // namespace

struct FolderCodeStore::State {
    io::BlockingPool& pool;
    Log& log;
    std::unique_ptr<CodeFolder> folder;

    // On the owner's executor alone:
    OpenPackages open_packages;
    // Who waits for a package that is being unpacked.
    std::map<std::string, std::vector<std::shared_ptr<io::OneShot<io::UniqueFd>>>> unpacking;
};

Result<std::unique_ptr<FolderCodeStore>> FolderCodeStore::open(
    std::filesystem::path const& directory, io::BlockingPool& pool, Clock const& clock, Log& log) {
    std::vector<std::filesystem::path> remove_later;
    MERIDIAN_TRY(auto folder, CodeFolder::open(directory, remove_later));
    auto state = std::make_shared<State>(pool, log, std::move(folder), OpenPackages(clock));
    for (auto const& path : remove_later) {
        bool const accepted = pool.submit([path, &log] {
            std::error_code error;
            std::filesystem::remove_all(path, error);
            if (error) {
                log.write(LogLevel::kWarn, "cannot remove unpacked packages of an earlier boot",
                          {{"path", path.string()}, {"error", error.message()}});
            }
        });
        if (!accepted)
            log.write(LogLevel::kWarn, "removing is left to the next start",
                      {{"path", path.string()}});
    }
    return std::unique_ptr<FolderCodeStore>(new FolderCodeStore(std::move(state)));
}

FolderCodeStore::FolderCodeStore(std::shared_ptr<State> state) : state_(std::move(state)) {}
FolderCodeStore::~FolderCodeStore() = default;

io::Task<StoredCode> FolderCodeStore::put(std::string zip_bytes) {
    if (zip_bytes.size() >= model::limits::kCodeZippedBytesMax) {
        co_return fail(Errc::kRequestTooLarge,
                       fmt::format("Zipped size must be smaller than {} bytes",
                                   model::limits::kCodeZippedBytesMax));
    }
    auto const state = state_;
    co_return co_await io::blocking(
        state->pool, [state, zip_bytes = std::move(zip_bytes)]() -> Result<StoredCode> {
            MERIDIAN_CHECK(check_zip(zip_bytes));
            auto const digest = crypto::sha256(zip_bytes);
            MERIDIAN_CHECK(state->folder->put(to_hex(crypto::as_bytes(digest)), zip_bytes));
            return StoredCode{model::CodeSha256(to_base64(crypto::as_bytes(digest))),
                              zip_bytes.size()};
        });
}

io::Task<std::string> FolderCodeStore::get(model::CodeSha256 sha256) {
    auto const state = state_;
    MERIDIAN_CO_TRY(auto const hex, hex_of(sha256));
    co_return co_await io::blocking(state->pool, [state, hex] { return state->folder->get(hex); });
}

io::Task<> FolderCodeStore::make_ready(model::CodeSha256 sha256) {
    auto const state = state_;
    MERIDIAN_CO_TRY(auto const hex, hex_of(sha256));
    if (state->open_packages.find(hex) != nullptr) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const bytes, co_await io::blocking(state->pool, [state, hex] {
                        return state->folder->zipped_bytes(hex);
                    }));
    if (!is_ready_at_once(bytes)) {
        MERIDIAN_CO_CHECK(co_await open_unpacked(std::move(sha256)));
    }
    co_return Result<void>{};
}

bool FolderCodeStore::is_ready_at_once(std::uint64_t zipped_bytes) const {
    return zipped_bytes < kUnpackAheadBytesMin;
}

io::Task<io::UniqueFd> FolderCodeStore::open_unpacked(model::CodeSha256 sha256) {
    MERIDIAN_CO_TRY(auto const hex, hex_of(sha256));
    co_return co_await open_once(hex, [state = state_, hex] { return state->folder->unpack(hex); });
}

io::Task<io::UniqueFd> FolderCodeStore::open_merged(std::vector<model::CodeSha256> packages) {
    if (packages.size() == 1) co_return co_await open_unpacked(packages.front());
    std::vector<std::string> parts;
    for (auto const& package : packages) {
        MERIDIAN_CO_TRY(auto part, hex_of(package));
        parts.push_back(std::move(part));
    }
    MERIDIAN_CO_TRY(auto const hex, hex_of(merged_name(packages)));
    co_return co_await open_once(
        hex, [state = state_, hex, parts] { return state->folder->merge(hex, parts); });
}

io::Task<std::uint64_t> FolderCodeStore::unzipped_bytes(model::CodeSha256 sha256) {
    auto const state = state_;
    MERIDIAN_CO_TRY(auto const hex, hex_of(sha256));
    co_return co_await io::blocking(state->pool, [state, hex]() -> Result<std::uint64_t> {
        MERIDIAN_TRY(auto const bytes, state->folder->get(hex));
        return unzipped_size(bytes);
    });
}

io::Task<io::UniqueFd> FolderCodeStore::open_once(std::string hex,
                                                  std::function<Result<io::UniqueFd>()> make) {
    auto const state = state_;
    if (auto const* open = state->open_packages.find(hex)) co_return duplicate(*open);
    if (auto const found = state->unpacking.find(hex); found != state->unpacking.end()) {
        auto const shot = std::make_shared<io::OneShot<io::UniqueFd>>();
        found->second.push_back(shot);
        co_return co_await shot->wait();
    }
    state->unpacking[hex];  // from here on, others wait
    auto directory = co_await io::blocking(state->pool, std::move(make));
    auto const waiters = std::move(state->unpacking.extract(hex).mapped());
    for (auto const& waiter : waiters) {
        waiter->set(directory ? duplicate(*directory) : std::unexpected(directory.error()));
    }
    if (!directory) co_return std::unexpected(std::move(directory).error());
    auto copy = duplicate(*directory);
    state->open_packages.insert(hex, std::move(*directory));
    co_return copy;
}

io::Task<> FolderCodeStore::remove_unused(std::vector<model::CodeSha256> used) {
    auto const state = state_;
    std::set<std::string> keep;
    for (auto const& sha256 : used) {
        if (auto hex = hex_of(sha256)) keep.insert(std::move(*hex));
    }
    for (auto const& [hex, waiters] : state->unpacking) keep.insert(hex);
    state->open_packages.close_unused(keep);
    co_return co_await io::blocking(state->pool, [state, keep = std::move(keep)] {
        return state->folder->remove_unused(keep);
    });
}

}  // namespace meridian::store
