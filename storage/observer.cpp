// The observer that ignores everything.
#include "storage/observer.h"

namespace stator::storage {

StorageObserver& no_observer() {
  static StorageObserver observer;  // stateless
  return observer;
}

}  // namespace stator::storage
