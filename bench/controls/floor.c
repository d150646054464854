// The floor under any fan-out server: one epoll thread, no identity, no limits. Rooms are paths.
// Every frame read in one turn of the loop goes, unmasked, to all sockets of its room in one write.
// It answers only the fixed key of the load side. Prints "listening <port>".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_MAX = 65536, EVENTS = 4096, FDS = 1 << 17, ROOMS = 1 << 14, NAME = 128 };

typedef struct { unsigned char *at; size_t length, capacity; } Bytes;
typedef struct { char name[NAME]; int *fds, count, capacity, pending; Bytes batch; } Room;
typedef struct { Room *room; unsigned char *in; size_t in_length; Bytes out; size_t sent; } Client;

static Client *clients[FDS];
static Room rooms[ROOMS], *pending[ROOMS];
static int pending_count, ep;

static const char ANSWER[] =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static void append(Bytes *to, const void *from, size_t length) {
  if (to->length + length > to->capacity) {
    to->capacity = (to->length + length) * 2;
    to->at = realloc(to->at, to->capacity);
  }
  memcpy(to->at + to->length, from, length);
  to->length += length;
}

static void watch(int fd, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  epoll_ctl(ep, operation, fd, &event);
}

// Rooms are made on first sight; an open-addressed table would hide how little happens here.
static Room *room_named(const char *name, size_t length) {
  unsigned hash = 5381;
  for (size_t i = 0; i < length; i++) hash = hash * 33 + (unsigned char)name[i];
  for (unsigned i = hash % ROOMS;; i = (i + 1) % ROOMS) {
    Room *room = &rooms[i];
    if (room->name[0] == 0) {
      memcpy(room->name, name, length);
      return room;
    }
    if (strlen(room->name) == length && memcmp(room->name, name, length) == 0) return room;
  }
}

static void join(Room *room, int fd) {
  if (room->count == room->capacity) {
    room->capacity = room->capacity ? room->capacity * 2 : 8;
    room->fds = realloc(room->fds, room->capacity * sizeof(int));
  }
  room->fds[room->count++] = fd;
}

static void leave(int fd) {
  Client *client = clients[fd];
  Room *room = client->room;
  for (int i = 0; room && i < room->count; i++) {
    if (room->fds[i] == fd) { room->fds[i] = room->fds[--room->count]; break; }
  }
  close(fd);
  free(client->in);
  free(client->out.at);
  free(client);
  clients[fd] = 0;
}

static void deliver(int fd, const unsigned char *bytes, size_t length) {
  Client *client = clients[fd];
  if (client->out.length == 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return;
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return;
    bytes += sent;
    length -= sent;
    watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  }
  append(&client->out, bytes, length);
}

static void drain(int fd) {
  Client *client = clients[fd];
  Bytes *out = &client->out;
  ssize_t sent = send(fd, out->at + client->sent, out->length - client->sent, MSG_NOSIGNAL);
  if (sent > 0) client->sent += sent;
  if (client->sent < out->length) return;
  out->length = client->sent = 0;
  watch(fd, EPOLL_CTL_MOD, EPOLLIN);
}

static size_t shake_hands(int fd, Client *client) {
  unsigned char *end = memmem(client->in, client->in_length, "\r\n\r\n", 4);
  if (!end) return 0;
  char *path = (char *)client->in + 4;
  size_t length = strcspn(path, " ");
  client->room = room_named(path, length < NAME ? length : NAME - 1);
  join(client->room, fd);
  send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
  return end + 4 - client->in;
}

static void relay(Room *room, unsigned char first, const unsigned char *payload, size_t length) {
  unsigned char header[4] = {first, length < 126 ? length : 126, length >> 8, length};
  append(&room->batch, header, length < 126 ? 2 : 4);
  append(&room->batch, payload, length);
  if (room->pending) return;
  room->pending = 1;
  pending[pending_count++] = room;
}

// Payloads of up to 64 KB less a header: enough for the load side.
static size_t take_frames(Client *client, size_t at) {
  while (client->in_length - at >= 6) {
    unsigned char *frame = client->in + at;
    size_t length = frame[1] & 127, header = 2;
    if (length == 126) { length = frame[2] << 8 | frame[3]; header = 4; }
    if (client->in_length - at < header + 4 + length) break;
    unsigned char *payload = frame + header + 4;
    for (size_t i = 0; i < length; i++) payload[i] ^= frame[header + (i & 3)];
    if ((frame[0] & 15) < 8) relay(client->room, frame[0], payload, length);
    at += header + 4 + length;
  }
  return at;
}

static void receive(int fd) {
  Client *client = clients[fd];
  if (!client->in) client->in = malloc(IN_MAX);
  ssize_t got = recv(fd, client->in + client->in_length, IN_MAX - client->in_length, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) { leave(fd); return; }
  client->in_length += got;
  size_t at = client->room ? 0 : shake_hands(fd, client);
  if (client->room) at = take_frames(client, at);
  client->in_length -= at;
  memmove(client->in, client->in + at, client->in_length);
  if (client->in_length) return;
  free(client->in);
  client->in = 0;
}

static void accept_all(int listener) {
  int one = 1, fd;
  while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
    if (fd >= FDS) { close(fd); continue; }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    clients[fd] = calloc(1, sizeof(Client));
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static int listen_somewhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return -1;
  getsockname(listener, (void *)&address, &length);
  printf("listening %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void flush_rooms(void) {
  for (int i = 0; i < pending_count; i++) {
    Room *room = pending[i];
    for (int m = 0; m < room->count; m++) deliver(room->fds[m], room->batch.at, room->batch.length);
    room->batch.length = room->pending = 0;
  }
  pending_count = 0;
}

int main(void) {
  static struct epoll_event events[EVENTS];
  struct rlimit files;
  prctl(PR_SET_PDEATHSIG, SIGKILL); // ends with the run, however that ends
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int listener = listen_somewhere();
  if (listener < 0) { perror("listen"); return 1; }
  ep = epoll_create1(0);
  watch(listener, EPOLL_CTL_ADD, EPOLLIN);
  for (;;) {
    int count = epoll_wait(ep, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) { accept_all(fd); continue; }
      if (events[i].events & EPOLLOUT) drain(fd);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(fd);
    }
    flush_rooms();
  }
}
