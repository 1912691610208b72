# wsight: 'make' builds ./wsight, 'make demo' shows it, 'make check' tests it. ./configure --help
# tells the options. V=1 shows the commands. BUILD=DIR builds elsewhere, as 'make asan' does.

BUILD ?= build
SANITIZE_ADDRESS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_THREAD = -fsanitize=thread -fno-omit-frame-pointer
FUZZ_SECONDS ?= 60
JOBS ?= 2
Q = $(if $(V),,@)
MAKEFLAGS += --no-print-directory
# In a recipe MAKEFLAGS tells whether the caller chose a number of jobs.
PARALLEL_MAKE = $(MAKE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

all:

# These goals work on the tree as it is; all others need what configure finds out. The first build
# by 'make demo' or 'make check' also installs what is missing, unless WSIGHT_NO_INSTALL is set.
BARE_GOALS = clean format dist
NEEDS_CONFIG = $(if $(MAKECMDGOALS),$(filter-out $(BARE_GOALS),$(MAKECMDGOALS)),all)
INSTALLING_GOALS = demo check asan tsan golden-update
INSTALL_DEPS = $(if $(filter $(INSTALLING_GOALS),$(MAKECMDGOALS)),--install-deps)
ifneq ($(NEEDS_CONFIG),)
include config.mk
ifneq ($(filter check asan tsan golden-update,$(MAKECMDGOALS)),)
ifeq ($(VERSION:%=set)$(HAVE_CMOCKA),set)
ifdef WSIGHT_NO_INSTALL
$(error The tests need cmocka (Debian: libcmocka-dev). Install it, then run ./configure)
endif
.PHONY: config.mk
endif
endif
config.mk: configure
	./configure $(INSTALL_DEPS) $(CONFIGURE_ARGUMENTS)
	@touch $@
endif

#--- What is compiled, found by where it is -------------------------------------------------------

in_tree = $(wildcard $(1)/$(2) $(1)/*/$(2) $(1)/*/*/$(2) $(1)/*/*/*/$(2))
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

GENERATOR = decoders/registry/generate.c
PROGRAM = $(if $(filter build,$(BUILD)),wsight,$(BUILD)/wsight)
SOURCES = $(filter-out $(GENERATOR) ui/main.c,$(foreach dir,decoders analyzer ui,$(call in_tree,$(dir),*.c)))
GENERATED = $(if $(wildcard $(GENERATOR)),$(BUILD)/gen/registry_table.c)
LIB_OBJECTS = $(call objects,$(SOURCES)) $(GENERATED:.c=.o)
TEST_BINARIES = $(patsubst %.c,$(BUILD)/%,$(call in_tree,tests,test_*.c))
TEST_LIB_OBJECTS = $(call objects,$(wildcard tests/lib/*.c))
FUZZ_NAMES = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS = $(FUZZ_NAMES:%=$(BUILD)/tests/fuzz/replay_%)
# Scripts at the top of tests/ look at the tree itself, those below it at the program: a sanitizer
# build repeats only the latter.
SCRIPTS_OF_TREE = $(if $(filter build,$(BUILD)),$(wildcard tests/test_*.sh tests/test_*.py))
SCRIPTS = $(foreach ext,sh py,$(wildcard tests/*/test_*.$(ext) tests/*/*/test_*.$(ext)))
MANUAL = $(if $(wildcard ui/wsight.1.in),$(BUILD)/wsight.1)

# gcc sees conversions that are not there in code that it has instrumented.
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla $(WERROR) $(if $(SANITIZE),-Wno-conversion)
COMPILE = $(CC) -std=c17 -D_GNU_SOURCE -I. -I$(BUILD)/gen $(CPPFLAGS) $(WARNINGS) $(CFLAGS) $(SANITIZE) \
	-pthread -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITIZE) -pthread $(LDFLAGS)
SILENT = $(V)$(findstring s,$(firstword -$(MAKEFLAGS)))
say = @$(if $(SILENT),:,printf '  %-5s %s\n' $(1) $(2))

#--- The program ----------------------------------------------------------------------------------

all: $(PROGRAM) $(MANUAL)

$(PROGRAM): $(BUILD)/ui/main.o $(BUILD)/libwsight.a
	$(call say,LINK,$@)
	$(Q)$(LINK) $(WRAP) -o $@ $^ $(LIBS)

# The list changes when a source file comes or goes; the archive is then made anew.
$(BUILD)/libwsight.a: $(LIB_OBJECTS) $(BUILD)/objects.list
$(BUILD)/tests/libtest.a: $(TEST_LIB_OBJECTS) $(BUILD)/objects.list
$(BUILD)/libwsight.a $(BUILD)/tests/libtest.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(BUILD)/objects.list: FORCE
	@mkdir -p $(@D)
	@echo '$(LIB_OBJECTS) $(TEST_LIB_OBJECTS)' | cmp -s - $@ || echo '$(LIB_OBJECTS) $(TEST_LIB_OBJECTS)' >$@

$(BUILD)/%.o: %.c config.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

$(BUILD)/tests/%.o: tests/%.c config.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -Itests -c -o $@ $<

# The registry's names: a program with the same reader as --registry turns the data file into C. The
# reader goes in as an archive, of which the linker takes what does not need that table.
$(BUILD)/libreader.a: $(call objects,$(filter decoders/registry/% decoders/base/%,$(SOURCES)))
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/generate: $(call objects,$(GENERATOR)) $(BUILD)/libreader.a
	$(Q)$(LINK) -o $@ $^ $(LIBS)
$(BUILD)/gen/registry_table.c: decoders/registry/websocket.xml $(BUILD)/generate
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(BUILD)/generate $< >$@.new && mv $@.new $@
$(BUILD)/gen/registry_table.o: $(BUILD)/gen/registry_table.c
	$(Q)$(COMPILE) -c -o $@ $<

$(BUILD)/wsight.1: ui/manual.awk decoders/findings.def analyzer/filter/filter_fields.def ui/wsight.1.in config.mk
	@mkdir -p $(@D)
	$(Q)awk -v version=$(VERSION) -f $(filter-out config.mk,$^) >$@.new && mv $@.new $@

#--- Running and testing --------------------------------------------------------------------------

demo:
	+@$(PARALLEL_MAKE) $(PROGRAM)
	./$(PROGRAM) report captures/tour.pcapng

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/tests/libtest.a $(BUILD)/libwsight.a
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $(filter %.o %.a,$^) $(CMOCKA_FLAGS) $(LIBS)

# Peers to listen to; libssl comes with libcrypto.
$(BUILD)/tests/decoders/tls/test_tls $(BUILD)/tests/decoders/tls/test_rsa: LIBS += -lssl

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o \
		$(BUILD)/tests/libtest.a $(BUILD)/libwsight.a
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)

tests: $(PROGRAM) $(TEST_BINARIES) $(REPLAYS)

check:
	+@$(PARALLEL_MAKE) tests
	@BUILD=$(BUILD) WSIGHT=./$(PROGRAM) CC='$(CC)' sh tests/run.sh \
		$(TEST_BINARIES) $(SCRIPTS_OF_TREE) $(SCRIPTS) $(REPLAYS)

asan:
	@$(MAKE) check BUILD=build/asan SANITIZE='$(SANITIZE_ADDRESS)'

tsan:
	@$(MAKE) check BUILD=build/tsan SANITIZE='$(SANITIZE_THREAD)'

# Tests with 'golden' in their path write what they would compare when GOLDEN_UPDATE is set.
golden-update:
	+@$(PARALLEL_MAKE) tests
	@GOLDEN_UPDATE=1 BUILD=$(BUILD) WSIGHT=./$(PROGRAM) sh tests/run.sh \
		$(foreach test,$(TEST_BINARIES) $(SCRIPTS),$(if $(findstring golden,$(test)),$(test)))

# One libFuzzer binary a target, from sources instrumented anew; FUZZ=name runs that one alone. What
# it finds new stays in build/fuzz/corpus/, what breaks it is build/fuzz/NAME-crash-*.
FUZZ ?= $(FUZZ_NAMES)
fuzz:
	@test -n '$(FUZZ_CC)' || { echo 'make fuzz needs clang with its runtime library; then run ./configure' >&2; exit 1; }
	+@$(PARALLEL_MAKE) $(FUZZ:%=build/fuzz/%) BUILD=build/fuzz/objects CC='$(FUZZ_CC)' \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
	@broken=; for name in $(FUZZ); do \
		echo "== $$name"; mkdir -p build/fuzz/corpus/$$name tests/fuzz/corpus/$$name; \
		./build/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-print_final_stats=1 -artifact_prefix=build/fuzz/$$name- $(FUZZ_ARGS) \
			build/fuzz/corpus/$$name tests/fuzz/corpus/$$name || broken="$$broken $$name"; \
	done; test -z "$$broken" || { echo "make fuzz found something in:$$broken" >&2; exit 1; }
$(FUZZ_NAMES:%=build/fuzz/%): build/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/libtest.a \
		$(BUILD)/libwsight.a
	$(call say,LINK,$@)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

bench: $(PROGRAM)
	@test -x tests/bench/run.sh || { echo 'tests/bench/run.sh is not there' >&2; exit 1; }
	BUILD=$(BUILD) WSIGHT=./$(PROGRAM) CC='$(CC)' CFLAGS='$(CFLAGS)' LIBS='$(LIBS)' tests/bench/run.sh $(BENCH_ARGS)

# The pictures of README: screens saved by a script.
screenshots: $(PROGRAM)
	TZ=UTC0 LC_ALL=C.UTF-8 XDG_CONFIG_HOME=/nonexistent ./$(PROGRAM) ui --script ui/tui/screenshots.keys captures/tour.pcapng

bench-live: $(PROGRAM)
	BUILD=$(BUILD) WSIGHT=./$(PROGRAM) CC='$(CC)' CFLAGS='$(CFLAGS)' bash tests/bench/live.sh $(BENCH_ARGS)

# Minutes of what tests/live/test_soak.sh drives for seconds in 'make check'.
SOAK_SECONDS ?= 300
soak: $(PROGRAM)
	@BUILD=$(BUILD) WSIGHT=./$(PROGRAM) CC='$(CC)' SOAK_SECONDS=$(SOAK_SECONDS) TEST_TIMEOUT=1500 \
		sh tests/run.sh tests/live/test_soak.sh

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

lint: config.mk
	sh tests/lint.sh

#--- Installing -----------------------------------------------------------------------------------

BINDIR = $(DESTDIR)$(PREFIX)/bin
DATADIR = $(DESTDIR)$(PREFIX)/share
UNITDIR = $(DESTDIR)$(PREFIX)/lib/systemd/system
COMPLETIONS = bash-completion/completions/wsight zsh/site-functions/_wsight fish/vendor_completions.d/wsight.fish

install: all
	install -d $(BINDIR) $(DATADIR)/man/man1 $(DATADIR)/wsight $(dir $(COMPLETIONS:%=$(DATADIR)/%))
	install -m 755 $(PROGRAM) $(BINDIR)/wsight
	$(if $(MANUAL),install -m 644 $(MANUAL) $(DATADIR)/man/man1/wsight.1)
	install -m 644 ui/report/report.schema.json ui/stores/clickhouse.sql ui/stores/postgresql.sql $(DATADIR)/wsight/
	install -m 644 ui/completions/wsight.bash $(DATADIR)/bash-completion/completions/wsight
	install -m 644 ui/completions/_wsight $(DATADIR)/zsh/site-functions/_wsight
	install -d $(UNITDIR)
	sed 's|@BINDIR@|$(PREFIX)/bin|' ui/wsight.service.in >$(UNITDIR)/wsight.service
	chmod 644 $(UNITDIR)/wsight.service
	install -m 644 ui/completions/wsight.fish $(DATADIR)/fish/vendor_completions.d/wsight.fish

# Capturing without being root. An installed program is meant, or the one here.
setcap: all
	setcap cap_net_raw=ep $(firstword $(wildcard $(BINDIR)/wsight) $(PROGRAM))

uninstall:
	$(Q)rm -f $(BINDIR)/wsight $(DATADIR)/man/man1/wsight.1 $(DATADIR)/wsight/report.schema.json \
		$(DATADIR)/wsight/clickhouse.sql $(DATADIR)/wsight/postgresql.sql \
		$(COMPLETIONS:%=$(DATADIR)/%) $(UNITDIR)/wsight.service

dist:
	version=$$(sed -n 's/^VERSION=//p' configure) && \
	git archive --format=tar.gz --prefix=wsight-$$version/ -o wsight-$$version.tar.gz HEAD

clean:
	rm -rf build wsight

.PHONY: all demo tests check asan tsan golden-update fuzz bench bench-live soak screenshots format lint install setcap \
	uninstall dist clean FORCE
.SECONDARY:
-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(call objects,$(GENERATOR) ui/main.c $(call in_tree,tests,*.c)))
