#pragma once
#if defined(__linux__)
#define TESSERA_LINUX 1
#endif
#define SHORT_NAME 1  // defect
