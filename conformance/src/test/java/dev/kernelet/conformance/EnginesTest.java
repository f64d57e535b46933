package dev.kernelet.conformance;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/** Every row of conformance/engines: container engines that have Kernelet as their runtime. */
class EnginesTest {
    @TestFactory
    Stream<DynamicNode> engines() throws Exception { return Rows.of("engines", "engines"); }
}
