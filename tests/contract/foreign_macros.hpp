// Macros that Qt, X11, Windows, the C library and common toolkits define, in their own words or in
// words that break what has the same name. For the tests that our headers live among them.
#pragma once

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define slots
#define signals public
#define emit
#define foreach(x, y) for (x : y)
#define forever for (;;)
#define Q_EMIT
#define Q_SLOTS
#define Q_SIGNALS public
#define Q_FOREACH(x, y) for (x : y)
#define Q_FOREVER for (;;)
#define Q_OBJECT
#define Q_UNUSED(x) (void)x;
#define Q_ASSERT(x)
#define small char
#define hyper __int64
#define interface struct
#define near
#define far
#define NEAR
#define FAR
#define cdecl
#define pascal
#define ERROR 0
#define NO_ERROR 0
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define DELETE 0x10000
#define STRICT 1
#define TRUE 1
#define FALSE 0
#define PASCAL
#define THIS this
#define GetMessage GetMessageA
#define CreateFile CreateFileA
#define DeleteFile DeleteFileA
#define CopyFile CopyFileA
#define GetObject GetObjectA
#define SendMessage SendMessageA
#define Yield()
#define GetCurrentTime() GetTickCount()
#define None 0L
#define Bool int
#define Status int
#define Success 0
#define True 1
#define False 0
#define Always 2
#define Never 0
#define Unsorted 0
#define YSorted 1
#define Above 0
#define Below 1
#define DestroyAll 0
#define CursorShape 0
#define FocusIn 9
#define FocusOut 10
#define KeyPress 2
#define KeyRelease 3
#define Expose 12
#define GrayScale 1
#define Complex 0
#define Convex 2
#define Nonconvex 1
#define ControlMask 4
#define AnyKey 0L
#define Absolute 0
#define Relative 1
#define check(x) ((void)(x))
#define verify(x) ((void)(x))
#define require(x, y)
#define major gnu_dev_major
#define minor gnu_dev_minor
#define makedev gnu_dev_makedev
#define unix 1
#define linux 1
#define BSD 199506
#define I _Complex_I
#define _C 1
#define B0 0
#define B50 1
#define DEBUG 1
#define LOG(x)
#define CHECK(x) ((void)(x))
#define ASSERT(x)
#define TRACE
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define countof(x) 1
#define ALIGN(x) (x)
#define PAGE_SIZE 4096
#define EMPTY 0
#define NONE 0
#define ANY 1
#define ALL 2
