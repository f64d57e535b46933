package dev.kernelet.conformance;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/** Every row of conformance/containers: Kernelet in environments of many kinds. */
class EnvironmentsTest {
    @TestFactory
    Stream<DynamicNode> environments() throws Exception { return Rows.of("containers", "environments"); }
}
