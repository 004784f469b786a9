/* The small token in C, on the generated header. */
#include "counterpart.h"

typedef unsigned __int128 u128;

#define SUPPLY 1000000000

static u128 units, have, sum;
static uint8_t arguments[48] __attribute__((aligned(16)));
static uint8_t topics[96];
static uint8_t from[33], to[33];
static const char name[] = "transfer(address,address,amount)";

static void copy(uint8_t *out, const uint8_t *in, int count) {
  for (int index = 0; index < count; index++) out[index] = in[index];
}

static void key(uint8_t *out, const uint8_t *address) {
  out[0] = 'b';
  copy(out + 1, address, 32);
}

static void fail(uint32_t code, u128 *data) {
  counterpart_revert(code, data, 16);
  __builtin_unreachable();
}

void deploy(void) {
  counterpart_caller(topics);
  key(from, topics);
  sum = SUPPLY;
  counterpart_storage_set(from, 33, &sum, 16);
}

void call(void) {
  if (counterpart_input(arguments, 0, 48) != 48) fail(1, &have);
  copy(topics, (const uint8_t *)name, 32);
  counterpart_caller(topics + 32);
  copy(topics + 64, arguments, 32);
  units = *(u128 *)(arguments + 32);
  key(from, topics + 32);
  key(to, topics + 64);
  counterpart_storage_get(from, 33, &have, 16);
  if (have < units) fail(2, &have);
  have -= units;
  counterpart_storage_set(from, 33, &have, 16);
  counterpart_storage_get(to, 33, &sum, 16);
  if (sum + units < units) fail(3, &units);
  sum += units;
  counterpart_storage_set(to, 33, &sum, 16);
  counterpart_emit(topics, 3, &units, 16);
  arguments[0] = 1;
  counterpart_set_return(arguments, 1);
}
