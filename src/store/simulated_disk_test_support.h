#pragma once
// A disk for SQLite that can lose power, fill up and fail, for the tests of this module. While one
// exists it is SQLite's default VFS: files are real (so locks and shared memory are SQLite's own),
// and beside them it keeps what a disk would hold if the power went now.
//
// The model is Linux's at its worst. What was written since the last sync survives in any subset
// and any order, torn at sectors of 512 bytes. A name that was created or deleted since the
// directory was last synced may be back or gone. A sync that fails has dropped what it was to
// write: later syncs do not try again (as Linux does it), though reads go on seeing it.
//
// Threads: any; SQLite's connections call it from theirs. One at a time exists.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "base/random.h"

namespace meridian::store {

class SimulatedDisk {
  public:
    explicit SimulatedDisk(std::uint64_t seed)
        : random_(seed), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
        vfs_.pNext = nullptr;
        vfs_.zName = "simulated-disk";
        vfs_.pAppData = this;
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
        vfs_.xOpen = &open;
        vfs_.xDelete = &remove;
        vfs_.xAccess = &access;
        vfs_.xFullPathname = &full_path_name;
        sqlite3_vfs_register(&vfs_, 1);
    }
    // Every connection that was opened through it must be closed.
    ~SimulatedDisk() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real_, 1);
    }
    SimulatedDisk(SimulatedDisk const&) = delete;
    SimulatedDisk& operator=(SimulatedDisk const&) = delete;

    // Calls that change the disk (write, sync, truncate, create, delete), counted from 1.
    [[nodiscard]] std::uint64_t calls() const {
        std::lock_guard lock(mutex_);
        return calls_;
    }

    // From this call on nothing reaches the disk any more and every such call fails. Of the call
    // itself something may.
    void cut_power_at(std::uint64_t call) {
        std::lock_guard lock(mutex_);
        power_cut_at_ = call;
    }

    enum class Fault { kFull, kIoError };
    // These calls fail; a write may have been done in part.
    void fail(Fault fault, std::uint64_t first_call, std::uint64_t calls) {
        std::lock_guard lock(mutex_);
        fault_ = fault;
        fails_from_ = first_call;
        fails_until_ = first_call + calls;
    }

    enum class Survivors {
        kEverything,  // as after kill -9: only the process died
        kSyncedOnly,
        kAnySubset,
    };
    // Writes into `directory` what the disk may hold after the power went now.
    void write_survivors(Survivors which, std::filesystem::path const& directory) {
        std::lock_guard lock(mutex_);
        std::set<std::string> all;
        for (auto const& [name, inode] : names_) all.insert(name);
        for (auto const& [name, inode] : synced_names_) all.insert(name);
        for (auto const& name : all) {
            auto const inode = survivor(which, name);
            if (!inode) continue;
            auto content = inode->synced;
            for (auto const& change : inode->pending) {
                if (which == Survivors::kEverything) apply(change, content);
                if (which == Survivors::kAnySubset) apply_some(change, content);
            }
            std::ofstream(directory / std::filesystem::path(name).filename(), std::ios::binary)
                << content;
        }
    }

  private:
    struct Change {
        std::uint64_t offset = 0;
        std::string bytes;
        bool truncates = false;  // to offset
        bool dropped = false;    // a sync failed: later ones leave it out
    };
    struct Inode {
        std::string synced;
        std::vector<Change> pending;
        // A sync of this file syncs its directory, once: SQLite does so for journals and
        // write-ahead logs.
        bool syncs_directory = false;
    };
    struct File {
        sqlite3_file base;  // first: this is what SQLite holds
        SimulatedDisk* disk;
        std::shared_ptr<Inode> inode;  // null: a temporary file, of no interest
        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    static constexpr std::uint64_t kSectorBytes = 512;

    static SimulatedDisk& of(sqlite3_vfs* vfs) {
        return *static_cast<SimulatedDisk*>(vfs->pAppData);
    }
    static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
    // What the real VFS is called with.
    static sqlite3_vfs* real(sqlite3_vfs* vfs) { return of(vfs).real_; }

    enum class Fate { kDone, kFails, kPowerIsOff, kPowerGoes };
    // Called with mutex_ held, once for every call that changes the disk.
    Fate next_fate() {
        ++calls_;
        if (power_cut_at_ && calls_ > *power_cut_at_) return Fate::kPowerIsOff;
        if (power_cut_at_ && calls_ == *power_cut_at_) return Fate::kPowerGoes;
        if (calls_ >= fails_from_ && calls_ < fails_until_) return Fate::kFails;
        return Fate::kDone;
    }

    static void apply(Change const& change, std::string& content) {
        if (change.truncates) {
            content.resize(change.offset, '\0');
            return;
        }
        content.resize(std::max<std::size_t>(content.size(), change.offset + change.bytes.size()),
                       '\0');
        std::memcpy(content.data() + change.offset, change.bytes.data(), change.bytes.size());
    }

    // All of it, nothing, or some of its sectors.
    void apply_some(Change const& change, std::string& content) {
        auto const fate = random_.next() % 4;
        if (fate == 0) return;
        if (fate != 1 || change.truncates) return apply(change, content);
        auto const end = change.offset + change.bytes.size();
        for (auto at = change.offset; at < end;) {
            auto const next = std::min<std::uint64_t>(end, (at / kSectorBytes + 1) * kSectorBytes);
            if (random_.next() % 2 == 0) {
                apply({.offset = at, .bytes = change.bytes.substr(at - change.offset, next - at)},
                      content);
            }
            at = next;
        }
    }

    std::shared_ptr<Inode> survivor(Survivors which, std::string const& name) {
        auto const find = [&](auto const& names) {
            auto const found = names.find(name);
            return found == names.end() ? nullptr : found->second;
        };
        auto now = find(names_);
        auto synced = find(synced_names_);
        if (which == Survivors::kEverything) return now;
        if (which == Survivors::kSyncedOnly) return synced;
        return random_.next() % 2 == 0 ? now : synced;
    }

    static int open(sqlite3_vfs* vfs, char const* name, sqlite3_file* out, int flags,
                    int* out_flags) {
        auto& disk = of(vfs);
        auto& file = *new (out) File{.base = {nullptr}, .disk = &disk, .inode = nullptr};
        constexpr int kOfInterest =
            SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
        if (name && (flags & kOfInterest)) {
            std::lock_guard lock(disk.mutex_);
            auto& inode = disk.names_[name];
            if (!inode) {
                bool const there = std::filesystem::exists(name);
                if (!there && disk.next_fate() != Fate::kDone) {
                    disk.names_.erase(name);
                    file.~File();
                    out->pMethods = nullptr;
                    return SQLITE_CANTOPEN;
                }
                inode = std::make_shared<Inode>();
                inode->syncs_directory = (flags & SQLITE_OPEN_MAIN_DB) == 0;
                if (there) {
                    inode->synced.resize(std::filesystem::file_size(name));
                    std::ifstream(name, std::ios::binary)
                        .read(inode->synced.data(),
                              static_cast<std::streamsize>(inode->synced.size()));
                }
            }
            file.inode = inode;
        }
        int const code = real(vfs)->xOpen(real(vfs), name, file.real(), flags, out_flags);
        if (code == SQLITE_OK) {
            file.base.pMethods = &kMethods;
        } else {
            file.~File();
            out->pMethods = nullptr;
        }
        return code;
    }

    static int remove(sqlite3_vfs* vfs, char const* name, int sync_directory) {
        auto& disk = of(vfs);
        std::lock_guard lock(disk.mutex_);
        if (!disk.names_.contains(name)) return real(vfs)->xDelete(real(vfs), name, sync_directory);
        auto const fate = disk.next_fate();
        if (fate == Fate::kFails || fate == Fate::kPowerIsOff) return SQLITE_IOERR_DELETE;
        int const code = real(vfs)->xDelete(real(vfs), name, 0);
        if (code != SQLITE_OK) return code;
        disk.names_.erase(name);
        if (fate == Fate::kPowerGoes) return SQLITE_IOERR_DELETE;
        if (sync_directory) disk.synced_names_ = disk.names_;
        return SQLITE_OK;
    }

    static int access(sqlite3_vfs* vfs, char const* name, int flags, int* out) {
        return real(vfs)->xAccess(real(vfs), name, flags, out);
    }
    static int full_path_name(sqlite3_vfs* vfs, char const* name, int size, char* out) {
        return real(vfs)->xFullPathname(real(vfs), name, size, out);
    }

    static int close(sqlite3_file* file) {
        auto& ours = of(file);
        int const code = ours.real()->pMethods->xClose(ours.real());
        ours.~File();
        return code;
    }

    static int write(sqlite3_file* file, void const* bytes, int size, sqlite3_int64 offset) {
        auto& ours = of(file);
        auto const* methods = ours.real()->pMethods;
        if (!ours.inode) return methods->xWrite(ours.real(), bytes, size, offset);
        auto& disk = *ours.disk;
        std::lock_guard lock(disk.mutex_);
        auto const fate = disk.next_fate();
        if (fate == Fate::kPowerIsOff) return SQLITE_IOERR_WRITE;
        int const done =
            fate == Fate::kFails ? static_cast<int>(disk.random_.next() % (size + 1)) : size;
        if (done > 0) {
            auto const* first = static_cast<char const*>(bytes);
            ours.inode->pending.push_back({.offset = static_cast<std::uint64_t>(offset),
                                           .bytes = std::string(first, first + done)});
        }
        int const code = done > 0 ? methods->xWrite(ours.real(), bytes, done, offset) : SQLITE_OK;
        if (code != SQLITE_OK || fate == Fate::kDone) return code;
        return fate == Fate::kFails && disk.fault_ == Fault::kFull ? SQLITE_FULL
                                                                   : SQLITE_IOERR_WRITE;
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        auto& ours = of(file);
        auto const* methods = ours.real()->pMethods;
        if (!ours.inode) return methods->xTruncate(ours.real(), size);
        auto& disk = *ours.disk;
        std::lock_guard lock(disk.mutex_);
        auto const fate = disk.next_fate();
        if (fate == Fate::kPowerIsOff || fate == Fate::kFails) return SQLITE_IOERR_TRUNCATE;
        ours.inode->pending.push_back(
            {.offset = static_cast<std::uint64_t>(size), .bytes = {}, .truncates = true});
        int const code = methods->xTruncate(ours.real(), size);
        return fate == Fate::kPowerGoes ? SQLITE_IOERR_TRUNCATE : code;
    }

    // The real file is not synced: nobody cuts its power.
    static int sync(sqlite3_file* file, int) {
        auto& ours = of(file);
        if (!ours.inode) return SQLITE_OK;
        auto& disk = *ours.disk;
        auto& inode = *ours.inode;
        std::lock_guard lock(disk.mutex_);
        auto const fate = disk.next_fate();
        if (fate == Fate::kPowerIsOff || fate == Fate::kPowerGoes) return SQLITE_IOERR_FSYNC;
        if (fate == Fate::kFails) {
            for (auto& change : inode.pending) change.dropped = true;
            return SQLITE_IOERR_FSYNC;
        }
        for (auto const& change : inode.pending) {
            if (change.dropped) {
                disk.apply_some(change, inode.synced);
            } else {
                apply(change, inode.synced);
            }
        }
        inode.pending.clear();
        if (std::exchange(inode.syncs_directory, false)) disk.synced_names_ = disk.names_;
        return SQLITE_OK;
    }

    // The rest is the real file's.
    static int read(sqlite3_file* f, void* out, int size, sqlite3_int64 offset) {
        return of(f).real()->pMethods->xRead(of(f).real(), out, size, offset);
    }
    static int file_size(sqlite3_file* f, sqlite3_int64* size) {
        return of(f).real()->pMethods->xFileSize(of(f).real(), size);
    }
    static int lock(sqlite3_file* f, int level) {
        return of(f).real()->pMethods->xLock(of(f).real(), level);
    }
    static int unlock(sqlite3_file* f, int level) {
        return of(f).real()->pMethods->xUnlock(of(f).real(), level);
    }
    static int check_reserved_lock(sqlite3_file* f, int* out) {
        return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), out);
    }
    static int file_control(sqlite3_file* f, int what, void* argument) {
        return of(f).real()->pMethods->xFileControl(of(f).real(), what, argument);
    }
    static int sector_size(sqlite3_file* f) {
        return of(f).real()->pMethods->xSectorSize(of(f).real());
    }
    static int device_characteristics(sqlite3_file* f) {
        return of(f).real()->pMethods->xDeviceCharacteristics(of(f).real());
    }
    static int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
        return of(f).real()->pMethods->xShmMap(of(f).real(), page, size, extend, out);
    }
    static int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
        return of(f).real()->pMethods->xShmLock(of(f).real(), offset, n, flags);
    }
    static void shm_barrier(sqlite3_file* f) { of(f).real()->pMethods->xShmBarrier(of(f).real()); }
    static int shm_unmap(sqlite3_file* f, int delete_it) {
        return of(f).real()->pMethods->xShmUnmap(of(f).real(), delete_it);
    }

    // Version 2: shared memory, but no memory-mapped pages, which would go past write().
    static constexpr sqlite3_io_methods kMethods = {2,
                                                    close,
                                                    read,
                                                    write,
                                                    truncate,
                                                    sync,
                                                    file_size,
                                                    lock,
                                                    unlock,
                                                    check_reserved_lock,
                                                    file_control,
                                                    sector_size,
                                                    device_characteristics,
                                                    shm_map,
                                                    shm_lock,
                                                    shm_barrier,
                                                    shm_unmap,
                                                    nullptr,
                                                    nullptr};

    mutable std::mutex mutex_;
    // Protected by mutex_.
    SeededRandom random_;
    std::map<std::string, std::shared_ptr<Inode>> names_;  // as programs see them
    std::map<std::string, std::shared_ptr<Inode>>
        synced_names_;  // as the directory on disk has them
    std::uint64_t calls_ = 0;
    std::optional<std::uint64_t> power_cut_at_;
    Fault fault_ = Fault::kIoError;
    std::uint64_t fails_from_ = 0;
    std::uint64_t fails_until_ = 0;

    sqlite3_vfs* const real_;
    sqlite3_vfs vfs_;
};

}  // namespace meridian::store
