// What tools call a thread: each of ours has a name, so that a profile says who works.
#pragma once

#include <pthread.h>

namespace stator::storage {

// At most 15 characters.
inline void name_this_thread(const char* name) { pthread_setname_np(pthread_self(), name); }

}  // namespace stator::storage
