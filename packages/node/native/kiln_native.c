/*
 * kiln_native: the system calls that QuickJS's own modules lack. No logic: each function is one call, and an error is
 * thrown as an Error whose `errno` property is the number that the kernel gave.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "quickjs.h"

#define MAX_STRINGS 4
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static JSValue throw_errno(JSContext *ctx, const char *call) {
  int number = errno;
  JSValue error = JS_NewError(ctx);
  JS_DefinePropertyValueStr(ctx, error, "message", JS_NewString(ctx, call), JS_PROP_C_W_E);
  JS_DefinePropertyValueStr(ctx, error, "errno", JS_NewInt32(ctx, number), JS_PROP_C_W_E);
  return JS_Throw(ctx, error);
}

static JSValue done(JSContext *ctx, const char *call, int result) {
  return result < 0 ? throw_errno(ctx, call) : JS_NewInt32(ctx, result);
}

/* The string arguments of one call; `values[i]` is NULL from the first one that is no string. */
typedef struct {
  const char *values[MAX_STRINGS];
  int count;
} Strings;

static int take_strings(JSContext *ctx, JSValueConst *argv, int count, Strings *out) {
  memset(out, 0, sizeof(*out));
  for (int i = 0; i < count; i++) {
    out->values[i] = JS_ToCString(ctx, argv[i]);
    if (!out->values[i]) return -1;
    out->count++;
  }
  return 0;
}

static void release_strings(JSContext *ctx, Strings *strings) {
  for (int i = 0; i < strings->count; i++) JS_FreeCString(ctx, strings->values[i]);
}

/* mount(source, target, type, data, flags) */
static JSValue native_mount(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  Strings s;
  int64_t flags;
  JSValue result = JS_EXCEPTION;
  if (!take_strings(ctx, argv, 4, &s) && !JS_ToInt64(ctx, &flags, argv[4]))
    result = done(ctx, "mount", mount(s.values[0], s.values[1], s.values[2], (unsigned long)flags, s.values[3]));
  release_strings(ctx, &s);
  return result;
}

/* Calls that take one path and one number. */
typedef int (*PathCall)(const char *path, int64_t number);

static int call_umount(const char *path, int64_t flags) { return umount2(path, (int)flags); }
static int call_chmod(const char *path, int64_t mode) { return chmod(path, (mode_t)mode); }

static int call_fsync(const char *path, int64_t unused) {
  (void)unused;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int result = fsync(fd);
  int number = errno;
  close(fd);
  errno = number;
  return result;
}

enum { CALL_UMOUNT, CALL_CHMOD, CALL_FSYNC };
static const PathCall path_calls[] = {call_umount, call_chmod, call_fsync};
static const char *const path_call_names[] = {"umount", "chmod", "fsync"};

static JSValue native_path_call(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int which) {
  Strings s;
  int64_t number = 0;
  JSValue result = JS_EXCEPTION;
  if (!take_strings(ctx, argv, 1, &s) && (argc < 2 || !JS_ToInt64(ctx, &number, argv[1])))
    result = done(ctx, path_call_names[which], path_calls[which](s.values[0], number));
  release_strings(ctx, &s);
  return result;
}

/* lchown(path, uid, gid) */
static JSValue native_lchown(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  Strings s;
  int64_t uid, gid;
  JSValue result = JS_EXCEPTION;
  if (!take_strings(ctx, argv, 1, &s) && !JS_ToInt64(ctx, &uid, argv[1]) && !JS_ToInt64(ctx, &gid, argv[2]))
    result = done(ctx, "lchown", lchown(s.values[0], (uid_t)uid, (gid_t)gid));
  release_strings(ctx, &s);
  return result;
}

/* ioctl(path, request, number): a request that takes a pointer to one int */
static JSValue native_ioctl(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int64_t request;
  int32_t value;
  if (JS_ToInt64(ctx, &request, argv[1]) || JS_ToInt32(ctx, &value, argv[2])) return JS_EXCEPTION;
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  JS_FreeCString(ctx, path);
  if (descriptor < 0) return throw_errno(ctx, "ioctl");
  int result = ioctl(descriptor, (unsigned long)request, &value);
  int number = errno;
  close(descriptor);
  errno = number;
  return done(ctx, "ioctl", result);
}

/* statvfs(path) → [block size, blocks, free blocks, blocks available to users] */
static JSValue native_statvfs(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  struct statvfs facts;
  int result = statvfs(path, &facts);
  int number = errno;
  JS_FreeCString(ctx, path);
  errno = number;
  if (result < 0) return throw_errno(ctx, "statvfs");
  const uint64_t numbers[] = {facts.f_frsize, facts.f_blocks, facts.f_bfree, facts.f_bavail};
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < COUNT(numbers); i++)
    JS_DefinePropertyValueUint32(ctx, list, i, JS_NewInt64(ctx, (int64_t)numbers[i]), JS_PROP_C_W_E);
  return list;
}

/* Calls that take numbers only: reboot(command), flock(descriptor, operation), sync(). */
static JSValue native_reboot(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int64_t command;
  if (JS_ToInt64(ctx, &command, argv[0])) return JS_EXCEPTION;
  return done(ctx, "reboot", reboot((int)command));
}

static JSValue native_flock(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int32_t descriptor, operation;
  if (JS_ToInt32(ctx, &descriptor, argv[0]) || JS_ToInt32(ctx, &operation, argv[1])) return JS_EXCEPTION;
  return done(ctx, "flock", flock(descriptor, operation));
}

static JSValue native_sync(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  sync();
  return JS_UNDEFINED;
}

/* memfd(name) → descriptor of an anonymous file in memory, closed on exec */
static JSValue native_memfd(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *name = JS_ToCString(ctx, argv[0]);
  if (!name) return JS_EXCEPTION;
  int descriptor = memfd_create(name, MFD_CLOEXEC);
  JS_FreeCString(ctx, name);
  return done(ctx, "memfd_create", descriptor);
}

/* An array of strings as the NULL-terminated one of C; freed by the caller with free_vector. */
static void free_vector(JSContext *ctx, char **vector) {
  for (char **item = vector; item && *item; item++) js_free(ctx, *item);
  js_free(ctx, vector);
}

static char **take_vector(JSContext *ctx, JSValueConst list) {
  JSValue length = JS_GetPropertyStr(ctx, list, "length");
  uint32_t count = 0;
  int bad = JS_ToUint32(ctx, &count, length);
  JS_FreeValue(ctx, length);
  char **vector = bad ? NULL : js_mallocz(ctx, (count + 1) * sizeof(char *));
  for (uint32_t i = 0; vector && i < count; i++) {
    JSValue item = JS_GetPropertyUint32(ctx, list, i);
    const char *text = JS_ToCString(ctx, item);
    vector[i] = text ? js_strdup(ctx, text) : NULL;
    if (text) JS_FreeCString(ctx, text);
    JS_FreeValue(ctx, item);
    if (!vector[i]) {
      free_vector(ctx, vector);
      return NULL;
    }
  }
  return vector;
}

/* execve(path, arguments, environment); returns only to throw */
static JSValue native_execve(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *path = JS_ToCString(ctx, argv[0]);
  char **arguments = take_vector(ctx, argv[1]);
  char **environment = take_vector(ctx, argv[2]);
  int ready = path && arguments && environment;
  if (ready) execve(path, arguments, environment);
  int number = errno;
  if (path) JS_FreeCString(ctx, path);
  free_vector(ctx, arguments);
  free_vector(ctx, environment);
  errno = number;
  return ready ? throw_errno(ctx, "execve") : JS_EXCEPTION;
}

/* decodeUtf8(ArrayBuffer) → string; bytes that are not UTF-8 become U+FFFD */
static JSValue native_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  uint8_t *bytes = JS_GetArrayBuffer(ctx, &length, argv[0]);
  if (!bytes) return JS_HasException(ctx) ? JS_EXCEPTION : JS_NewString(ctx, "");
  return JS_NewStringLen(ctx, (const char *)bytes, length);
}

/* encodeUtf8(string) → ArrayBuffer */
static JSValue native_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
  if (!text) return JS_EXCEPTION;
  JSValue buffer = JS_NewArrayBufferCopy(ctx, (const uint8_t *)text, length);
  JS_FreeCString(ctx, text);
  return buffer;
}

/* load(name) → promise of a module that was compiled in; it is evaluated now. Unlike import(), it needs no debug information. */
static JSValue native_load(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *name = JS_ToCString(ctx, argv[0]);
  if (!name) return JS_EXCEPTION;
  JSValue module = JS_LoadModule(ctx, "", name);
  JS_FreeCString(ctx, name);
  return module;
}

/* In each program that is run, before it starts: it ends with this one, however that ends. Its own children do not. */
static pid_t own_pid;

static void end_with_parent(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != own_pid) _exit(128 + SIGKILL);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("mount", 5, native_mount),
    JS_CFUNC_MAGIC_DEF("umount", 2, native_path_call, CALL_UMOUNT),
    JS_CFUNC_MAGIC_DEF("chmod", 2, native_path_call, CALL_CHMOD),
    JS_CFUNC_MAGIC_DEF("fsync", 1, native_path_call, CALL_FSYNC),
    JS_CFUNC_DEF("lchown", 3, native_lchown),
    JS_CFUNC_DEF("ioctl", 3, native_ioctl),
    JS_CFUNC_DEF("statvfs", 1, native_statvfs),
    JS_CFUNC_DEF("reboot", 1, native_reboot),
    JS_CFUNC_DEF("flock", 2, native_flock),
    JS_CFUNC_DEF("sync", 0, native_sync),
    JS_CFUNC_DEF("memfd", 1, native_memfd),
    JS_CFUNC_DEF("execve", 3, native_execve),
    JS_CFUNC_DEF("load", 1, native_load),
    JS_CFUNC_DEF("decodeUtf8", 1, native_decode),
    JS_CFUNC_DEF("encodeUtf8", 1, native_encode),
};

static int init_functions(JSContext *ctx, JSModuleDef *module) {
  own_pid = getpid();
  if (pthread_atfork(NULL, NULL, end_with_parent)) return -1;
  return JS_SetModuleExportList(ctx, module, functions, COUNT(functions));
}

/* Cycles are looked for from here on; below it, what counting references leaves behind goes with the process. */
#define COLLECT_FROM_BYTES (32 << 20)

/* The name is the one that qjsc expects for `-M kiln_native,kiln_native`. */
JSModuleDef *js_init_module_kiln_native(JSContext *ctx, const char *name) {
  JS_SetGCThreshold(JS_GetRuntime(ctx), COLLECT_FROM_BYTES);
  JSModuleDef *module = JS_NewCModule(ctx, name, init_functions);
  if (module) JS_AddModuleExportList(ctx, module, functions, COUNT(functions));
  return module;
}
