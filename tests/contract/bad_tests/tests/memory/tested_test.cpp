#include "memory/tested.hpp"
