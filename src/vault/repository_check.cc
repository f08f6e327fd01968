#include "vault/repository_check.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "crypto/sha1.h"
#include "io/unique_fd.h"
#include "vault/git_objects.h"
#include "vault/loose_object.h"
#include "vault/pack_entries.h"

namespace meridian::vault {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigestBytes = sizeof(crypto::Sha1Digest);
constexpr std::size_t kSmallFileBytesMax = 16UL * 1024 * 1024;

// A file's bytes as they stand on the disk.
class MappedFile {
  public:
    explicit MappedFile(fs::path const& path) {
        io::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        struct stat info{};
        if (!file.valid() || ::fstat(file.get(), &info) != 0) {
            error_ = std::strerror(errno);
            return;
        }
        size_ = static_cast<std::size_t>(info.st_size);
        if (size_ == 0) return;
        void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
        if (mapped == MAP_FAILED) {
            error_ = std::strerror(errno);
            return;
        }
        ::madvise(mapped, size_, MADV_SEQUENTIAL);
        data_ = static_cast<char const*>(mapped);
    }
    ~MappedFile() {
        // What mmap() gave was not const.
        if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);  // NOLINT
    }
    MappedFile(MappedFile const&) = delete;
    MappedFile& operator=(MappedFile const&) = delete;

    // Empty: it was read.
    [[nodiscard]] std::string const& error() const noexcept { return error_; }
    [[nodiscard]] std::string_view bytes() const noexcept {
        return data_ == nullptr ? std::string_view() : std::string_view(data_, size_);
    }

  private:
    char const* data_ = nullptr;
    std::size_t size_ = 0;
    std::string error_;
};

std::string_view digest_chars(crypto::Sha1Digest const& digest) {
    return {reinterpret_cast<char const*>(digest.data()), digest.size()};
}

// Whether the last bytes are the checksum of those before.
bool ends_with_checksum(std::string_view bytes) {
    if (bytes.size() < kDigestBytes) return false;
    auto const body = bytes.substr(0, bytes.size() - kDigestBytes);
    return digest_chars(crypto::sha1(body)) == bytes.substr(body.size());
}

class Check {
  public:
    Check(fs::path const& directory, VerifyPart part, Progress const* progress)
        : directory_(directory), part_(part), progress_(progress) {}

    std::vector<std::string> run() {
        check_head();
        check_configuration();
        check_references(directory_ / "refs");
        check_packed_references();
        check_objects();
        return std::move(problems_);
    }

  private:
    void problem(fs::path const& file, std::string_view what) {
        problems_.push_back(
            fmt::format("{}: {}", file.lexically_relative(directory_).string(), what));
    }

    // A small file's text; nothing, after it was noted, where it cannot be read.
    std::optional<std::string> text_of(fs::path const& file) {
        MappedFile const mapped(file);
        if (!mapped.error().empty()) {
            problem(file, mapped.error());
            return std::nullopt;
        }
        if (mapped.bytes().size() > kSmallFileBytesMax) {
            problem(file, "it is far too long");
            return std::nullopt;
        }
        return std::string(mapped.bytes());
    }

    void check_head() {
        auto const file = directory_ / "HEAD";
        auto const text = text_of(file);
        if (text && *text != "ref: refs/heads/main\n") problem(file, "it does not name main");
    }

    // Every setting that makes the repository what it is; others are the operator's.
    void check_configuration() {
        auto const file = directory_ / "config";
        auto const text = text_of(file);
        if (!text) return;
        for (char const c : *text) {
            if ((c >= ' ' && c <= '~') || c == '\n' || c == '\t') continue;
            return problem(file, "it has bytes that are no text");
        }
        std::map<std::string, std::string> settings;
        std::string section;
        for (std::string_view rest = *text; !rest.empty();) {
            auto const end = std::min(rest.find('\n'), rest.size());
            auto line = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            auto const trimmed = [](std::string_view word) {
                auto const first = word.find_first_not_of(" \t");
                if (first == std::string_view::npos) return std::string();
                return std::string(word.substr(first, word.find_last_not_of(" \t") - first + 1));
            };
            if (trimmed(line).starts_with('[')) {
                section = trimmed(line);
            } else if (auto const equals = line.find('='); equals != std::string_view::npos) {
                settings[section + trimmed(line.substr(0, equals))] =
                    trimmed(line.substr(equals + 1));
            }
        }
        if (settings["[core]repositoryformatversion"] != "0")
            problem(file, "core.repositoryformatversion is not 0");
        if (settings["[core]bare"] != "true") problem(file, "core.bare is not true");
        // A copy that git made has no such setting.
        auto const format = settings.find("[meridian]vaultformat");
        bool const named =
            text->find("vaultformat") != text->npos || text->find("[meridian") != text->npos;
        if (named && (format == settings.end() || format->second != "1"))
            problem(file, "meridian.vaultformat is not 1");
    }

    void check_references(fs::path const& folder) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end;
             at.increment(error)) {
            auto const& file = at->path();
            if (at->is_directory(error)) {
                check_references(file);
                continue;
            }
            auto const text = text_of(file);
            if (!text) continue;
            auto const id =
                text->ends_with('\n')
                    ? parse_object_id(std::string_view(*text).substr(0, text->size() - 1))
                    : std::nullopt;
            if (!id || *text != id->hex() + "\n") {
                problem(file, "it names no object");
            } else {
                named_.emplace_back(file, *id);
            }
        }
        if (error) problem(folder, error.message());
    }

    void check_packed_references() {
        auto const file = directory_ / "packed-refs";
        std::error_code unknown;
        if (!fs::exists(file, unknown) && !unknown) return;
        auto const text = text_of(file);
        if (!text) return;
        std::size_t number = 0;
        for (std::string_view rest = *text; !rest.empty();) {
            ++number;
            auto const end = rest.find('\n');
            if (end == std::string_view::npos) return problem(file, "its last line has no end");
            auto line = rest.substr(0, end);
            rest.remove_prefix(end + 1);
            if (number == 1 && line.starts_with('#')) continue;
            if (line.starts_with('^')) {
                auto const id = parse_object_id(line.substr(1));
                if (!id || line.substr(1) != id->hex()) {
                    problem(file, fmt::format("line {} names no object", number));
                } else {
                    named_.emplace_back(file, *id);
                }
                continue;
            }
            auto const space = line.find(' ');
            auto const id = parse_object_id(line.substr(0, space));
            bool const known = space != std::string_view::npos &&
                               (line.substr(space + 1) == "refs/heads/main" ||
                                line.substr(space + 1).starts_with("refs/tags/baseline/") ||
                                line.substr(space + 1) == "refs/meridian/proofs");
            if (!id || line.substr(0, space) != id->hex()) {
                problem(file, fmt::format("line {} names no object", number));
            } else if (!known) {
                problem(file, fmt::format("line {} is no reference of a vault", number));
            } else {
                named_.emplace_back(file, *id);
            }
        }
    }

    void check_objects() {
        auto const objects = directory_ / "objects";
        std::error_code error;
        for (fs::directory_iterator at(objects, error), end; !error && at != end;
             at.increment(error)) {
            auto const name = at->path().filename().string();
            if (name == "pack") {
                check_packs(at->path());
            } else if (name.size() == 2 && at->is_directory(error)) {
                check_loose(at->path());
            }
        }
        if (error) problem(objects, error.message());
        for (auto const& [file, id] : named_) {
            if (!std::ranges::binary_search(sorted_objects(), id))
                problem(file, fmt::format("it names {}, which is missing", id.hex()));
        }
    }

    std::vector<ObjectId> const& sorted_objects() {
        if (!sorted_) {
            std::ranges::sort(objects_);
            sorted_ = true;
        }
        return objects_;
    }

    void check_packs(fs::path const& folder) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end;
             at.increment(error)) {
            auto const& path = at->path();
            if (path.extension() != ".pack" || path.filename().string().starts_with("tmp_"))
                continue;
            check_pack(path);
        }
        if (error) problem(folder, error.message());
    }

    // Names of objects as the index has them.
    void note_objects(std::string_view index) {
        constexpr std::size_t kFanOut = 8, kNames = kFanOut + 256 * 4;
        if (index.size() < kNames) return;
        std::size_t count = 0;
        for (std::size_t n = 0; n < 4; ++n)
            count = count << 8 | static_cast<std::uint8_t>(index[kNames - 4 + n]);
        for (std::size_t n = 0; n < count && kNames + (n + 1) * kDigestBytes <= index.size(); ++n) {
            ObjectId id;
            std::memcpy(id.bytes.data(), index.data() + kNames + n * kDigestBytes, kDigestBytes);
            objects_.push_back(id);
        }
    }

    void check_pack(fs::path const& path) {
        auto const index_path = fs::path(path).replace_extension(".idx");
        MappedFile const index(index_path);
        if (!index.error().empty()) return problem(index_path, index.error());
        note_objects(index.bytes());
        auto const stem = path.stem().string();
        if (!is_read(stem.substr(stem.find('-') + 1))) return;
        if (!ends_with_checksum(index.bytes()))
            problem(index_path, "it does not have the contents that its checksum says");
        MappedFile const pack(path);
        if (!pack.error().empty()) return problem(path, pack.error());
        auto const bytes = pack.bytes();
        bool const good =
            ends_with_checksum(bytes) && index.bytes().size() > 2 * kDigestBytes &&
            bytes.substr(bytes.size() - kDigestBytes) ==
                index.bytes().substr(index.bytes().size() - 2 * kDigestBytes, kDigestBytes);
        if (good) return;
        problem(path, "it does not have the contents that its checksum says");
        // Which object it is: the index knows each entry's checksum.
        auto const entries = read_pack_entries(bytes, index.bytes());
        if (!entries) problem(path, entries.error().message);
    }

    void check_loose(fs::path const& folder) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end;
             at.increment(error)) {
            auto const hex = folder.filename().string() + at->path().filename().string();
            auto const id = parse_object_id(hex);
            if (!id) continue;  // a temporary file of git's own
            objects_.push_back(*id);
            if (!is_read(hex)) continue;
            MappedFile const file(at->path());
            if (!file.error().empty()) {
                problem(at->path(), file.error());
            } else if (!has_contents(file.bytes(), *id)) {
                problem(at->path(), fmt::format("object {} does not have the contents that its "
                                                "name says",
                                                hex));
            }
        }
        if (error) problem(folder, error.message());
    }

    [[nodiscard]] bool is_read(std::string const& hex) const {
        return part_.has(hex) && (progress_ == nullptr || progress_->go_on());
    }

    static bool has_contents(std::string_view file, ObjectId const& id) {
        auto const object = parse_loose_object(file);
        return object && object_id(object->type, object->bytes) == id;
    }

    fs::path const& directory_;
    VerifyPart const part_;
    Progress const* const progress_;
    std::vector<std::string> problems_;
    std::vector<std::pair<fs::path, ObjectId>> named_;  // by references
    std::vector<ObjectId> objects_;
    bool sorted_ = false;
};

}  // namespace

std::vector<std::string> check_repository(fs::path const& directory, VerifyPart part,
                                          Progress const* progress) {
    return Check(directory, part, progress).run();
}

}  // namespace meridian::vault
