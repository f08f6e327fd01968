#pragma once
// What meridiand's malloc (gperftools' tcmalloc, docs/decisions/0082) keeps of pages that nothing
// uses goes back to the system every few seconds: an idle server holds nothing of the packages and
// payloads that passed. At once would cost a fault for each page of the next one. Builds with
// sanitizers have a malloc of their own, and none of this.
//
// Threads: one of its own, from its construction to its destruction.

#include <thread>

namespace meridian::bin {

class MemoryReturn {
  public:
    MemoryReturn();

  private:
    std::jthread thread_;
};

}  // namespace meridian::bin
