// The whole public interface of libpq, PostgreSQL's C client library.
#pragma once
#include <libpq-fe.h>
