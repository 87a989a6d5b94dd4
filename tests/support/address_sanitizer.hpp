// TESSERA_ADDRESS_SANITIZER is defined where that is at work: forks take fifty times as long, and
// address space can't be limited.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define TESSERA_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TESSERA_ADDRESS_SANITIZER
#endif
#endif
